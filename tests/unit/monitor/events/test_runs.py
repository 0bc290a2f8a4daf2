"""Each execution is a run: deliveries, retries, revokes, rejects, time limits, lost workers."""

import pytest

from celery_monitor.events.event import Event
from celery_monitor.events.merge import Merger
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event, received

NOW = T0 + 5


def merger_with(*events: Event) -> Merger:
    merger = Merger()
    for one in events:
        merger.apply(one, max(NOW, one.timestamp))
    return merger


def merged(*events: Event) -> TaskRecord:
    record = merger_with(*events).get("t1")
    assert record is not None
    return record


def state(merger: Merger) -> str:
    record = merger.get("t1")
    assert record is not None
    return record.state


def outcomes(record: TaskRecord) -> list[str | None]:
    return [run.outcome for run in record.runs]


def test_a_task_that_is_revoked_before_a_worker_receives_it_has_a_run_that_never_started() -> None:
    record = merged(event("task-revoked", 1, terminated=False, expired=True))
    assert (record.state, record.started, outcomes(record)) == ("REVOKED", None, ["REVOKED"])


def test_a_running_task_that_is_terminated_is_revoked() -> None:
    record = merged(received(1), event("task-started", 2), event("task-revoked", 3, terminated=True))
    assert (record.state, outcomes(record)) == ("REVOKED", ["REVOKED"])


def test_rejected_and_then_failed_is_one_end() -> None:
    record = merged(
        received(1),
        event("task-started", 2),
        event("task-rejected", 3, requeue=False),
        event("task-failed", 3.1, exception="Reject()"),
    )
    assert (record.state, outcomes(record), record.exception) == ("FAILURE", ["FAILURE"], "Reject()")


def test_an_end_that_is_reported_twice_is_one_end_with_the_first_cause() -> None:
    record = merged(
        received(1),
        event("task-started", 2),
        event("task-failed", 3, exception="TimeLimitExceeded(1)"),
        event("task-failed", 3.2, exception="WorkerLostError()"),
    )
    assert (outcomes(record), record.exception) == (["FAILURE"], "TimeLimitExceeded(1)")


def test_a_task_that_is_put_back_and_delivered_again_has_two_runs() -> None:
    record = merged(
        received(1),
        event("task-started", 2),
        event("task-rejected", 3, requeue=True),
        received(3.5),
        event("task-started", 4),
        event("task-failed", 4.1, exception="E()"),
    )
    assert (record.state, outcomes(record), record.run_twice) == ("FAILURE", ["REJECTED", "FAILURE"], False)


def test_a_hard_time_limit_of_celery_5_7_has_no_runtime() -> None:
    record = merged(
        received(1), event("task-started", 2), event("task-failed", 3, exception="TimeLimitExceeded(1)")
    )
    assert (record.state, record.runtime, record.exception) == ("FAILURE", None, "TimeLimitExceeded(1)")


def test_a_hard_time_limit_is_named_although_celery_names_its_wrapper() -> None:
    traceback = "Traceback\n  raise X\nbilliard.exceptions.TimeLimitExceeded: TimeLimitExceeded(1,)\n"
    record = merged(event("task-failed", 3, exception="ExceptionWithTraceback()", traceback=traceback))
    assert record.exception == "TimeLimitExceeded(1,)"


def test_a_success_without_a_runtime_is_a_success() -> None:
    record = merged(received(1), event("task-started", 2), event("task-succeeded", 3, runtime=None))
    assert (record.state, record.runtime, record.finished) == ("SUCCESS", None, T0 + 3)


def test_a_task_whose_worker_lost_the_connection_is_in_retry() -> None:
    record = merged(received(1), event("task-started", 2), event("task-cancelled", 3))
    assert (record.state, outcomes(record)) == ("RETRY", ["RETRY"])


def test_progress_of_a_pool_process_is_the_state_while_the_run_lasts() -> None:
    progress = event("task-progress", 3, pid=99, clock=3, progress='{"current":3}')
    record = merged(received(1), event("task-started", 2), progress)
    assert (record.state, record.progress) == ("PROGRESS", '{"current":3}')
    after = merged(received(1), event("task-started", 2), progress, event("task-succeeded", 4))
    assert (after.state, after.progress) == ("SUCCESS", '{"current":3}')


def test_the_state_follows_a_new_delivery_after_a_failure() -> None:
    record = merged(received(1), event("task-started", 2), event("task-failed", 3), received(4, worker=OTHER))
    assert (record.state, record.worker, record.run_twice) == ("RECEIVED", OTHER, False)


def test_a_second_delivery_does_not_hide_that_the_task_is_running() -> None:
    record = merged(received(1), event("task-started", 2), received(4, worker=OTHER))
    assert (record.state, record.worker, len(record.runs)) == ("STARTED", WORKER, 2)


def test_a_receipt_with_a_later_time_by_a_clock_that_was_set_back_belongs_to_its_run() -> None:
    record = merged(
        received(10, clock=5),
        event("task-started", 1, clock=6),
        event("task-succeeded", 2, clock=7, result="3"),
    )
    assert (record.state, len(record.runs), record.run_twice) == ("SUCCESS", 1, False)


def test_a_running_task_whose_worker_is_gone_is_lost_until_it_is_delivered_again() -> None:
    merger = merger_with(received(1), event("task-started", 2))
    assert merger.mark_lost(WORKER, T0 + 3) == 1
    lost = merger.get("t1")
    assert lost is not None
    assert (lost.state, outcomes(lost), lost.state_time) == ("LOST", ["LOST"], T0 + 3)
    merger.apply(received(4, worker=OTHER), NOW)
    again = merger.get("t1")
    assert again is not None
    assert (again.state, again.worker, outcomes(again)) == ("RECEIVED", OTHER, ["LOST", None])
    merger.apply(event("task-started", 4.5, worker=OTHER), NOW)
    started = merger.get("t1")
    assert started is not None
    assert (started.state, started.run_twice) == ("STARTED", False)


def test_a_run_that_goes_with_its_worker_is_lost_although_the_task_has_succeeded_elsewhere() -> None:
    merger = merger_with(received(1), event("task-started", 2))
    for again in (
        received(3, worker=OTHER),
        event("task-started", 3.5, worker=OTHER),
        event("task-succeeded", 4, worker=OTHER, result="3", runtime=0.5),
    ):
        merger.apply(again, NOW)
    merger.take_changed()
    merger.mark_lost(WORKER, T0 + 2.5)
    [record] = merger.take_changed()
    assert (record.state, outcomes(record), record.run_twice) == ("SUCCESS", ["LOST", "SUCCESS"], False)


def test_a_task_that_waits_on_a_worker_that_is_gone_is_not_lost() -> None:
    merger = merger_with(received(1))
    assert merger.mark_lost(WORKER, T0 + 3) == 0


def test_a_worker_that_comes_back_and_finishes_takes_its_task_back() -> None:
    merger = merger_with(received(1), event("task-started", 2))
    merger.mark_lost(WORKER, T0 + 3)
    merger.apply(event("task-succeeded", 4, result="3"), NOW)
    record = merger.get("t1")
    assert record is not None
    assert (record.state, outcomes(record)) == ("SUCCESS", ["SUCCESS"])


@pytest.mark.parametrize("progress", [0, 80])
def test_a_worker_that_is_heard_of_again_is_still_running_its_task(progress: int) -> None:
    """It seems to shut down when it loses its connection, and it takes some seconds to reconnect."""
    merger = merger_with(event("worker-heartbeat", 1, processed=7), received(2), event("task-started", 3))
    for number in range(progress):
        merger.apply(event("task-progress", 3.1 + number / 1000, pid=11), NOW)
    merger.take_changed()
    running = state(merger)
    merger.apply(event("worker-offline", 4, active=1, processed=8), NOW)
    merger.mark_lost(WORKER, T0 + 9)
    assert state(merger) == "LOST"
    merger.apply(event("worker-offline", 4.5, active=1, processed=8), NOW)
    assert state(merger) == "LOST"
    merger.apply(event("worker-online", 8.9, active=1, processed=8), NOW)  # its clock is a little behind
    [record] = merger.take_changed()
    assert (record.state, outcomes(record), record.run_twice) == (running, [None], False)
    assert T0 + 9 < record.state_time < T0 + 9.1
    assert merger.mark_lost(WORKER, T0 + 40) == 1
    assert state(merger) == "LOST"


@pytest.mark.parametrize("new", [{"processed": 0}, {"processed": 1}, {"processed": 9, "pid": 99}])
def test_another_process_of_the_name_does_not_run_the_task_of_a_worker_that_was_given_up(
    new: dict[str, int],
) -> None:
    merger = merger_with(event("worker-heartbeat", 1, processed=7), received(2), event("task-started", 3))
    merger.mark_lost(WORKER, T0 + 9)
    for at in (10, 12):
        merger.apply(event("worker-heartbeat", at, active=1, **new), NOW)
        assert state(merger) == "LOST"


def test_a_process_that_had_the_pid_of_the_one_before_has_not_its_task() -> None:
    """No heartbeat has counted the task, so the numbers do not show that the process is new."""
    merger = merger_with(event("worker-online", 1, processed=0), received(2), event("task-started", 3))
    merger.mark_lost(WORKER, T0 + 9)
    merger.apply(event("worker-online", 10, active=0, processed=0), NOW)
    merger.apply(event("worker-heartbeat", 12, active=1, processed=1), NOW)
    assert state(merger) == "LOST"


def test_the_tasks_of_a_worker_whose_process_was_replaced_are_lost() -> None:
    merger = merger_with(event("worker-heartbeat", 1, processed=7), received(2), event("task-started", 3))
    merger.apply(event("worker-online", 4, processed=0), NOW)  # the same pid, as in a container
    record = merger.get("t1")
    assert record is not None
    assert record.state == "LOST"


def test_two_processes_of_one_name_keep_their_tasks() -> None:
    merger = merger_with(
        event("worker-heartbeat", 1, pid=1, processed=7, active=0),
        event("worker-heartbeat", 2, pid=2, processed=0, active=0),
        event("worker-heartbeat", 3, pid=1, processed=7, active=0),
    )
    for pid in (1, 2):
        merger.apply(received(4, task=f"of-{pid}", pid=pid), NOW)
        merger.apply(event("task-started", 4, task=f"of-{pid}", pid=pid), NOW)
    merger.take_changed()
    for at in range(6, 40, 4):
        merger.apply(event("worker-heartbeat", at, pid=2, processed=0, active=0), NOW)
        merger.apply(event("worker-heartbeat", at + 2, pid=1, processed=8, active=1), NOW)
    assert {record.id: record.state for record in merger.unfinished()} == {
        "of-1": "STARTED",
        "of-2": "STARTED",
    }
    assert merger.workers[WORKER].missed == 0
    # A third process of the name has taken the place of one of them.
    merger.apply(event("worker-heartbeat", 45, pid=3, processed=0, active=0), NOW)
    assert [record.id for record in merger.unfinished() if record.state == "STARTED"] == ["of-2"]


def test_a_worker_that_only_connects_again_keeps_its_tasks() -> None:
    merger = merger_with(event("worker-heartbeat", 1, processed=7), received(2), event("task-started", 3))
    merger.apply(event("worker-online", 4, processed=8), NOW)
    record = merger.get("t1")
    assert record is not None
    assert record.state == "STARTED"


def test_a_second_start_while_the_first_worker_lives_is_run_twice_at_once() -> None:
    merger = merger_with(
        event("worker-heartbeat", 0.5, processed=0),
        received(1),
        event("task-started", 2),
        received(2.5, worker=OTHER),
        event("task-started", 2.6, worker=OTHER),
    )
    before = merger.get("t1")
    assert before is not None
    assert not before.run_twice  # the first worker may be gone
    merger.take_changed()
    merger.apply(event("worker-heartbeat", 4.5, processed=1), NOW)
    (record,) = merger.take_changed()
    assert record.run_twice


@pytest.mark.parametrize("end", ["task-failed", "task-succeeded"])
def test_a_first_run_that_ends_long_after_the_second_began_is_run_twice(end: str) -> None:
    record = merged(
        received(1),
        event("task-started", 1.5),
        received(2, worker=OTHER),
        event("task-started", 2.5, worker=OTHER),
        event(end, 4),
    )
    assert record.run_twice


def test_a_restored_record_takes_further_events() -> None:
    first = merger_with(received(1), event("task-started", 2)).get("t1")
    assert first is not None
    merger = Merger()
    merger.restore([first])
    assert merger.get("t1") == first
    merger.apply(event("task-started", 2), NOW)  # comes a second time
    merger.apply(event("task-succeeded", 3, result="3"), NOW)
    (record,) = merger.take_changed()
    assert (record.state, len(record.runs), record.runs[0].received) == ("SUCCESS", 1, T0 + 1)
    assert first.state == "STARTED"
