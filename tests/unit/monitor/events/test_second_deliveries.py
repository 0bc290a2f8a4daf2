"""A second delivery of a task, beside the retry that the first one has caused."""

from celery_monitor.events.event import Event
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event, received
from tests.unit.monitor.events.test_runs import merged, outcomes


def test_a_second_delivery_has_no_start_from_before_its_receipt() -> None:
    """Another worker has retried the task. Its retry runs here when the second delivery of it comes."""
    record = merged(
        received(0.5, worker=OTHER),
        event("task-started", 0.52, worker=OTHER),
        received(0.54, retries=1),
        event("task-retried", 1, worker=OTHER),
        event("task-started", 1.5),
        received(1.6),
        event("task-started", 41),
        event("task-retried", 81),
    )
    own = [(run.retries, run.received, run.started) for run in record.runs if run.worker == WORKER]
    assert own == [(1, T0 + 0.54, T0 + 1.5), (0, T0 + 1.6, T0 + 41)]


def second_delivery_beside_a_retry(*ends: Event) -> TaskRecord:
    """Another worker has retried the task that this worker runs too, and this worker receives the retry."""
    return merged(
        received(1),
        event("task-started", 1.5),
        received(2, worker=OTHER),
        event("task-started", 2.5, worker=OTHER),
        event("task-retried", 3, worker=OTHER),
        received(4, retries=1),
        *ends,
    )


def test_a_second_delivery_ends_although_the_retry_of_the_first_one_waits_in_its_worker() -> None:
    record = second_delivery_beside_a_retry(
        event("task-failed", 5, exception="E()"),
        event("task-started", 6),
        event("task-failed", 7, exception="E()"),
    )
    own = [(run.retries, run.started, run.finished) for run in record.runs if run.worker == WORKER]
    assert own == [(0, T0 + 1.5, T0 + 5), (1, T0 + 6, T0 + 7)]
    assert outcomes(record) == ["FAILURE", "RETRY", "FAILURE"]


def test_a_second_delivery_ends_when_its_runtime_says_so_although_a_retry_has_started_since() -> None:
    record = merged(
        received(1, worker=OTHER),
        event("task-started", 1.1, worker=OTHER),
        event("task-retried", 2, worker=OTHER),
        received(3),
        received(4, retries=1),
        event("task-started", 5),
        event("task-started", 9),
        event("task-succeeded", 10, result="1", runtime=5),
    )
    assert [(run.retries, run.started) for run in record.runs if run.outcome == "SUCCESS"] == [(0, T0 + 5)]


def test_a_retry_is_revoked_before_it_starts_although_a_second_delivery_lasts() -> None:
    record = second_delivery_beside_a_retry(event("task-revoked", 5))
    assert outcomes(record) == [None, "RETRY", "REVOKED"]


def test_a_second_delivery_has_been_retried_although_its_start_is_missing() -> None:
    """The worker of the first delivery was killed: of that one no retry is known."""
    record = merged(
        received(1, worker=OTHER),
        event("task-started", 1.5, worker=OTHER),
        received(40),
        received(41, retries=1),
        event("task-retried", 41.1),
        event("task-started", 42),
        event("task-failed", 43, exception="E()"),
    )
    own = [(run.retries, run.started, run.outcome) for run in record.runs if run.worker == WORKER]
    assert own == [(0, None, "RETRY"), (1, T0 + 42, "FAILURE")]
    assert record.state == "FAILURE"
