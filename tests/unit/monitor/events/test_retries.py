"""A retry is a run of its own, whatever order its events come in, and although one is missing."""

import pytest

from celery_monitor.events.event import Event
from celery_monitor.events.merge import Merger
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event, received
from tests.unit.monitor.events.test_runs import NOW, merged, merger_with, outcomes


def test_a_retry_that_another_worker_receives_earlier_by_its_own_clock_is_the_later_run() -> None:
    record = merged(
        received(2.000),
        event("task-started", 2.001),
        event("task-retried", 2.010),
        received(1.995, worker=OTHER, retries=1),
        event("task-started", 1.996, worker=OTHER),
    )
    assert (record.state, record.worker, record.retries, record.run_twice) == ("STARTED", OTHER, 1, False)


def test_a_retry_may_run_before_the_worker_has_noted_the_run_before_it() -> None:
    record = merged(
        received(1),
        event("task-started", 1.1),
        received(1.2, retries=1),
        event("task-started", 1.3),
        event("task-succeeded", 1.4, result="3"),
        event("task-retried", 1.5, exception="E()"),
    )
    assert [(run.outcome, run.retries) for run in record.runs] == [("RETRY", 0), ("SUCCESS", 1)]
    assert (record.state, record.run_twice, record.runs[0].exception) == ("SUCCESS", False, "E()")


def test_a_retry_that_is_received_before_the_first_start_is_noted_waits_until_its_own_start() -> None:
    known = [
        received(1),
        received(1.1, retries=1),
        event("task-started", 1.2),
        event("task-retried", 1.3, exception="E()"),
        event("task-started", 2.0),
        event("task-succeeded", 2.1, result="3", runtime=0.09),
    ]
    waiting, done = merged(*known[:4]), merged(*known)
    assert (waiting.state, waiting.started, waiting.retries) == ("RECEIVED", None, 1)
    assert [(run.outcome, run.retries, run.started) for run in done.runs] == [
        ("RETRY", 0, T0 + 1.2),
        ("SUCCESS", 1, T0 + 2.0),
    ]


def test_of_two_deliveries_that_are_received_before_the_first_start_each_has_its_own_start() -> None:
    record = merged(
        received(1, retries=2),
        received(5.077, retries=3),
        received(5.109, retries=3),
        event("task-started", 5.110),
        event("task-succeeded", 5.121, result="3", runtime=0.027),
        event("task-started", 5.132),
        event("task-succeeded", 5.155, result="3", runtime=0.024),
    )
    assert [(run.outcome, run.retries, run.started) for run in record.runs] == [
        ("RETRY", 2, None),
        ("SUCCESS", 3, T0 + 5.110),
        ("SUCCESS", 3, T0 + 5.132),
    ]


def test_of_two_retries_that_are_received_before_the_first_start_each_has_its_own_start() -> None:
    """Both copies of a message that came twice are retried, and the retries meet in one worker."""
    record = merged(
        received(1, retries=1),
        received(1.003, retries=0),
        event("task-started", 1.05),
        event("task-succeeded", 1.063, result="3", runtime=0.012),
        event("task-started", 1.139),
        received(1.161, retries=1),
        event("task-retried", 1.169, exception="E()"),
        event("task-started", 1.355),
        event("task-succeeded", 1.37, result="3", runtime=0.013),
    )
    assert [(run.outcome, run.retries, run.started) for run in record.runs] == [
        ("SUCCESS", 1, T0 + 1.05),
        ("RETRY", 0, T0 + 1.139),
        ("SUCCESS", 1, T0 + 1.355),
    ]


def test_a_run_that_a_retry_has_followed_has_ended_although_its_event_is_missing() -> None:
    merger = merger_with(
        event("worker-heartbeat", 0.5, processed=0),
        received(1),
        event("task-started", 1.1),
        received(1.2, retries=1),
        event("task-started", 1.3),
    )
    merger.take_changed()
    merger.apply(event("worker-heartbeat", 4.5, processed=2), NOW)
    record = merger.get("t1")
    assert record is not None
    assert (outcomes(record), record.state, record.run_twice) == (["RETRY", None], "STARTED", False)


def test_a_run_whose_worker_was_killed_is_lost_although_its_second_delivery_was_retried_elsewhere() -> None:
    merger = merger_with(
        event("worker-heartbeat", 0.5, worker=OTHER, processed=0),
        received(1, worker=OTHER),
        event("task-started", 1.1, worker=OTHER),
        received(16),
        event("task-started", 16.1),
        received(16.3, retries=1),
    )
    merger.take_changed()
    merger.apply(event("task-retried", 16.4, exception="E()"), NOW)
    merger.take_changed()
    merger.apply(event("worker-heartbeat", 20, worker=OTHER, pid=99, processed=0), NOW)
    merger.apply(event("task-started", 20.1), NOW)
    merger.apply(event("task-succeeded", 20.2, result="3"), NOW)
    record = merger.get("t1")
    assert record is not None
    assert [(run.worker, run.outcome) for run in record.runs] == [
        (OTHER, "LOST"),
        (WORKER, "RETRY"),
        (WORKER, "SUCCESS"),
    ]


def test_of_two_deliveries_the_later_one_is_taken_for_retried_until_its_event_comes() -> None:
    record = merged(
        received(1, worker=OTHER),
        event("task-started", 1.1, worker=OTHER),
        received(16),
        event("task-started", 16.1),
        received(16.3, retries=1),
    )
    assert [(run.worker, run.outcome) for run in record.runs] == [
        (OTHER, None),
        (WORKER, "RETRY"),
        (WORKER, None),
    ]


def retry(*kinds: str) -> list[Event]:
    """Events of a task that one worker retries at once, in the order in which they were sent."""
    known = {
        "received": received(1),
        "started": event("task-started", 1.1),
        "received again": received(1.2, retries=1),
        "started again": event("task-started", 1.3),
        "succeeded": event("task-succeeded", 1.4, result="3", runtime=0.09),
        "retried": event("task-retried", 1.5, exception="E()"),
    }
    return [known[kind] for kind in kinds]


ALL_OF_A_RETRY = ("received", "started", "received again", "started again", "succeeded", "retried")


@pytest.mark.parametrize("missing", [None, *ALL_OF_A_RETRY])
def test_a_retry_has_its_outcomes_although_one_event_is_missing(missing: str | None) -> None:
    record = merged(*retry(*[kind for kind in ALL_OF_A_RETRY if kind != missing]))
    assert outcomes(record) == ["RETRY", None if missing == "succeeded" else "SUCCESS"]
    assert [run.number for run in record.runs] == [1, 2]
    assert not record.run_twice


def test_a_retry_after_some_time_has_its_outcomes_although_the_first_start_is_missing() -> None:
    known = [
        received(1),
        received(1.2, retries=1),
        event("task-retried", 1.25, exception="E()"),
        event("task-started", 2.2),
        event("task-succeeded", 2.3, result="3", runtime=0.09),
    ]
    merger, seen = Merger(), []
    for one in known:
        merger.apply(one, NOW)
        (record,) = merger.take_changed()
        seen.append((record.state, outcomes(record)))
    assert seen == [
        ("RECEIVED", [None]),
        ("RECEIVED", ["RETRY", None]),
        ("RECEIVED", ["RETRY", None]),
        ("STARTED", ["RETRY", None]),
        ("SUCCESS", ["RETRY", "SUCCESS"]),
    ]


def test_a_monitor_that_begins_in_the_middle_of_a_retry_gives_both_runs_their_outcomes() -> None:
    record = merged(
        received(1.2, retries=1),
        event("task-started", 1.3),
        event("task-retried", 1.35, exception="E()"),
        event("task-succeeded", 1.4, result="3", runtime=0.09),
    )
    assert [(run.outcome, run.retries) for run in record.runs] == [("RETRY", 0), ("SUCCESS", 1)]
    assert (record.runs[1].exception, record.state) == (None, "SUCCESS")


def test_a_run_that_ends_well_after_it_sent_a_retry_is_a_success() -> None:
    """``self.retry(throw=False)``: the task goes on."""
    record = merged(
        received(1),
        event("task-started", 1.1),
        received(1.2, retries=1),
        event("task-succeeded", 1.3, result="1", runtime=0.19),
        event("task-started", 2.0),
        event("task-succeeded", 2.1, result="2", runtime=0.09),
    )
    assert [(run.finished, run.retries) for run in record.runs] == [(T0 + 1.3, 0), (T0 + 2.1, 1)]
    assert outcomes(record) == ["SUCCESS", "SUCCESS"]


def test_a_run_whose_own_start_is_missing_does_not_take_that_of_a_second_delivery_that_lasts() -> None:
    merger = merger_with(
        received(1),
        received(5),
        event("task-started", 5.1),
        event("task-succeeded", 7, result="3", runtime=5.9),
    )
    record = merger.get("t1")
    assert record is not None
    assert [(run.outcome, run.started) for run in record.runs] == [("SUCCESS", None), (None, T0 + 5.1)]
    merger.take_changed()
    assert merger.mark_lost("celery@one", T0 + 40) == 1


def test_of_several_later_starts_a_run_takes_the_one_that_its_runtime_says() -> None:
    record = merged(
        received(1, retries=1),
        received(1.1),
        received(1.2),
        event("task-started", 1.3),
        event("task-started", 1.9),
        event("task-succeeded", 2.5, result="3", runtime=1.22),
    )
    assert [run.started for run in record.runs if run.outcome == "SUCCESS"] == [T0 + 1.3]
