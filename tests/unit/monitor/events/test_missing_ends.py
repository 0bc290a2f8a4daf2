"""Runs that a worker has ended without an event, by the active tasks of its heartbeats."""

import pytest

from celery_monitor.events.merge import Merger
from celery_monitor.records.tasks import Run, TaskRecord
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event, received


def heartbeat(merger: Merger, at: float, active: int, *, processed: int = 9, skew: float = 0.0) -> None:
    one = event("worker-heartbeat", at + skew, active=active, processed=processed)
    merger.apply(one, T0 + at)


def starts(merger: Merger, at: float, *tasks: str, skew: float = 0.0) -> None:
    for task in tasks:
        merger.apply(received(at + skew - 0.1, task=task), T0 + at)
        merger.apply(event("task-started", at + skew, task=task), T0 + at)
    merger.take_changed()


def ends(merger: Merger, at: float, *tasks: str) -> None:
    for task in tasks:
        merger.apply(event("task-succeeded", at, task=task, result="1", runtime=0.1), T0 + at)
    merger.take_changed()


def states(merger: Merger, *tasks: str) -> list[str]:
    records = [merger.get(task) for task in tasks]
    return [record.state for record in records if record is not None]


def missed(merger: Merger) -> int:
    return merger.workers[WORKER].missed


def test_a_task_of_an_idle_worker_has_ended_and_its_end_is_missed() -> None:
    merger = Merger()
    starts(merger, 1, "a")
    heartbeat(merger, 2, 0)
    assert (states(merger, "a"), missed(merger)) == (["STARTED"], 0)
    heartbeat(merger, 4, 0)
    assert (states(merger, "a"), missed(merger)) == (["UNREPORTED"], 1)
    record = merger.get("a")
    assert record is not None
    assert [(run.outcome, run.finished) for run in record.runs] == [("UNREPORTED", None)]


def test_an_end_that_was_lost_while_the_worker_seemed_gone_is_missed() -> None:
    merger = Merger()
    starts(merger, 1, "a")
    heartbeat(merger, 2, 1)
    merger.mark_lost(WORKER, T0 + 3)
    assert states(merger, "a") == ["LOST"]
    heartbeat(merger, 40, 0)
    assert states(merger, "a") == ["STARTED"]
    heartbeat(merger, 42, 0)
    heartbeat(merger, 44, 0)
    assert (states(merger, "a"), missed(merger)) == (["UNREPORTED"], 1)


def test_an_end_that_comes_in_a_batch_after_the_heartbeat_is_not_missed() -> None:
    merger = Merger()
    starts(merger, 1, "a")
    heartbeat(merger, 2, 0)
    ends(merger, 1.9, "a")
    heartbeat(merger, 4, 0)
    assert (states(merger, "a"), missed(merger)) == (["SUCCESS"], 0)


def test_a_long_task_is_not_ended_by_the_short_ones_beside_it() -> None:
    merger = Merger()
    starts(merger, 1, "long")
    for at in range(2, 20, 2):
        starts(merger, at + 0.5, f"t{at}")
        ends(merger, at + 1.0, f"t{at}")
        heartbeat(merger, at + 1.5, 1)
    assert (states(merger, "long"), missed(merger)) == (["STARTED"], 0)


def test_once_the_active_tasks_have_ended_the_other_one_is_known_to_have_ended_before() -> None:
    merger = Merger()
    starts(merger, 1, "lost", "long", "longer")
    heartbeat(merger, 2, 2)
    heartbeat(merger, 4, 2)
    assert states(merger, "lost", "long", "longer") == ["STARTED"] * 3
    starts(merger, 5, "later")
    ends(merger, 6, "long")
    heartbeat(merger, 7, 2)
    assert missed(merger) == 0
    ends(merger, 8, "longer")
    heartbeat(merger, 9, 1)
    assert states(merger, "lost", "long", "longer", "later") == [
        "UNREPORTED",
        "SUCCESS",
        "SUCCESS",
        "STARTED",
    ]
    assert missed(merger) == 1


def test_of_an_idle_worker_every_run_has_ended_whatever_was_active_before() -> None:
    merger = Merger()
    starts(merger, 1, "a", "b", "c")
    heartbeat(merger, 2, 2)  # no end of any of them comes
    heartbeat(merger, 4, 0)
    assert (states(merger, "a", "b", "c"), missed(merger)) == (["STARTED"] * 3, 0)
    heartbeat(merger, 6, 0)
    assert (states(merger, "a", "b", "c"), missed(merger)) == (["UNREPORTED"] * 3, 3)


def test_a_task_that_ends_with_the_heartbeat_proves_nothing() -> None:
    """The worker takes it off its active tasks before it sends the event."""
    merger = Merger()
    starts(merger, 1, "long", "ending")
    heartbeat(merger, 2, 1)
    ends(merger, 2.1, "ending")
    heartbeat(merger, 4, 1)
    heartbeat(merger, 6, 1)
    assert (states(merger, "long"), missed(merger)) == (["STARTED"], 0)


def test_an_end_that_comes_after_all_counts() -> None:
    merger = Merger()
    starts(merger, 1, "a")
    heartbeat(merger, 2, 0)
    heartbeat(merger, 4, 0)
    assert states(merger, "a") == ["UNREPORTED"]
    ends(merger, 1.5, "a")
    record = merger.get("a")
    assert record is not None
    assert [(run.outcome, run.finished) for run in record.runs] == [("SUCCESS", T0 + 1.5)]


def test_a_worker_that_goes_after_an_idle_heartbeat_has_lost_nothing() -> None:
    merger = Merger()
    starts(merger, 1, "a")
    heartbeat(merger, 2, 0)
    starts(merger, 3, "b")
    merger.mark_lost(WORKER, T0 + 4)
    assert (states(merger, "a", "b"), missed(merger)) == (["UNREPORTED", "LOST"], 1)


def test_another_process_of_the_same_name_knows_nothing_of_the_tasks_of_the_first() -> None:
    merger = Merger()
    starts(merger, 1, "a")
    heartbeat(merger, 2, 1)
    heartbeat(merger, 8, 0, processed=0)
    heartbeat(merger, 10, 0, processed=0)
    assert (states(merger, "a"), missed(merger)) == (["LOST"], 0)


def test_a_run_that_is_delivered_again_meanwhile_is_not_ended() -> None:
    merger = Merger()
    starts(merger, 1, "a")
    heartbeat(merger, 2, 0)
    starts(merger, 3, "a")
    heartbeat(merger, 4, 1)
    heartbeat(merger, 6, 1)
    assert states(merger, "a") == ["STARTED"]


@pytest.mark.parametrize("skew", [3600.0, -3600.0])
def test_a_wrong_clock_of_the_worker_does_not_matter(skew: float) -> None:
    merger = Merger()
    for at in (0, 2, 4):
        heartbeat(merger, at, 0, skew=skew)
    starts(merger, 5, "a", skew=skew)
    heartbeat(merger, 6, 0, skew=skew)
    heartbeat(merger, 8, 0, skew=skew)
    assert (states(merger, "a"), missed(merger)) == (["UNREPORTED"], 1)


def stored(task: str, worker: str = WORKER) -> TaskRecord:
    """A task that ran when the monitor stopped."""
    run = Run(number=1, worker=worker, received=T0 - 9, started=T0 - 8)
    return TaskRecord(
        id=task,
        name="shop.add",
        state="STARTED",
        worker=worker,
        state_time=T0 - 8,
        started=T0 - 8,
        runs=[run],
    )


def test_a_restored_task_ends_by_its_event_or_without_one_or_is_lost() -> None:
    merger = Merger()
    merger.restore([stored("a"), stored("b"), stored("c", OTHER)])
    heartbeat(merger, 1, 1)
    ends(merger, 2, "a")
    heartbeat(merger, 3, 0)
    heartbeat(merger, 5, 0)
    merger.mark_lost(OTHER, T0 + 6)
    assert states(merger, "a", "b", "c") == ["SUCCESS", "UNREPORTED", "LOST"]
    assert {merger.get(task).name for task in "abc"} == {"shop.add"}  # type: ignore[union-attr]


def test_a_restored_task_is_lost_if_its_worker_has_started_again_meanwhile() -> None:
    merger = Merger()
    merger.restore([stored("a")], {WORKER: 100})
    heartbeat(merger, 1, 0, processed=3)
    heartbeat(merger, 3, 0, processed=3)
    assert states(merger, "a") == ["LOST"]
    assert missed(merger) == 0


def test_a_restored_task_whose_worker_was_heard_before_ends_without_an_event() -> None:
    merger = Merger()
    heartbeat(merger, 1, 0)
    merger.restore([stored("a")], {WORKER: 9})
    heartbeat(merger, 3, 0)
    heartbeat(merger, 5, 0)
    assert states(merger, "a") == ["UNREPORTED"]


def test_a_restored_task_is_lost_if_another_process_of_the_name_was_heard_before() -> None:
    merger = Merger()
    heartbeat(merger, 1, 0, processed=3)
    merger.restore([stored("a"), stored("b", OTHER)], {WORKER: 100, OTHER: 100})
    assert states(merger, "a", "b") == ["LOST", "STARTED"]
    assert missed(merger) == 0


def test_a_restored_task_is_lost_if_only_a_task_event_of_the_other_process_was_heard_before() -> None:
    merger = Merger()
    starts(merger, 1, "new")
    merger.restore([stored("a")], {WORKER: 100})
    heartbeat(merger, 3, 1, processed=1)
    assert states(merger, "a") == ["LOST"]


def test_a_restored_task_whose_progress_comes_before_a_heartbeat_is_not_lost() -> None:
    """A process of the pool sends the progress, with a pid of its own."""
    merger = Merger()
    merger.restore([stored("a")], {WORKER: 100})
    merger.apply(event("task-progress", 1, task="a", pid=777), T0 + 1)
    heartbeat(merger, 2, 1, processed=100)
    assert (states(merger, "a"), merger.workers[WORKER].pid) == (["PROGRESS"], 11)
    merger.apply(event("worker-heartbeat", 4, pid=12, active=0, processed=100), T0 + 4)
    assert states(merger, "a") == ["LOST"]


def test_what_events_said_before_the_history_was_read_counts() -> None:
    merger = Merger()
    ends(merger, 1, "a")
    merger.restore([stored("a")])
    assert states(merger, "a") == ["SUCCESS"]


def test_a_task_that_ran_on_before_it_was_restored_has_its_name_from_then_on() -> None:
    named: list[tuple[str, str | None]] = []
    merger = Merger(on_task=lambda one, name: named.append((one.type, name)))
    merger.apply(event("task-started", 5), T0 + 5)
    merger.restore([stored("t1")])
    merger.apply(event("task-succeeded", 9), T0 + 9)
    assert named == [("task-started", None), ("task-succeeded", stored("t1").name)]
