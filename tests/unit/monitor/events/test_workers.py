"""What heartbeats prove: missed events, and clocks that are wrong."""

from collections.abc import Iterable

import pytest

from celery_monitor.events.merge import Merger
from celery_monitor.events.workers import WorkerTrack
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event, received


def heartbeat(merger: Merger, at: float, processed: int, *, worker: str = WORKER, delay: float = 0.0) -> None:
    one = event("worker-heartbeat", at, worker=worker, processed=processed)
    merger.apply(one, T0 + at + delay)


def starts(merger: Merger, tasks: Iterable[int], at: float) -> None:
    for number in tasks:
        merger.apply(event("task-started", at + number / 1000, task=f"t{number}"), T0 + at + 1)


def track(merger: Merger) -> WorkerTrack:
    return merger.workers[WORKER]


def test_started_tasks_without_an_event_are_missed() -> None:
    merger = Merger()
    starts(merger, [0], at=0)
    heartbeat(merger, 2, 1)
    starts(merger, range(1, 6), at=3)  # five of eight
    heartbeat(merger, 4, 9)
    assert track(merger).missed == 0
    heartbeat(merger, 6, 9)
    assert track(merger).missed == 3


def test_events_that_come_after_the_heartbeat_that_counts_them_are_not_missed() -> None:
    merger = Merger()
    starts(merger, [0], at=0)
    heartbeat(merger, 2, 1)
    heartbeat(merger, 4, 6)
    starts(merger, range(1, 6), at=3)
    heartbeat(merger, 6, 6)
    starts(merger, range(6, 9), at=7)
    heartbeat(merger, 8, 9)
    heartbeat(merger, 10, 9)
    assert track(merger).missed == 0


def test_an_event_that_comes_twice_hides_no_missed_one() -> None:
    merger = Merger()
    starts(merger, [0], at=0)
    heartbeat(merger, 2, 1)
    starts(merger, [1, 1, 1], at=3)
    heartbeat(merger, 4, 4)
    heartbeat(merger, 6, 4)
    assert track(merger).missed == 2


def test_an_event_that_comes_twice_counts_once_although_an_earlier_one_came_in_between() -> None:
    counted = []
    merger = Merger(on_task=lambda one, _: counted.append(one.type))
    heartbeat(merger, 0, 0)
    for one in (event("task-started", 1), received(0.9), event("task-started", 1), received(0.9)):
        merger.apply(one, T0 + 1)
    heartbeat(merger, 2, 2)
    heartbeat(merger, 4, 2)
    assert track(merger).missed == 1
    assert counted == ["task-started", "task-received"]


def test_the_missed_events_stay_when_the_worker_starts_again() -> None:
    merger = Merger()
    starts(merger, [0], at=0)
    heartbeat(merger, 2, 1)
    heartbeat(merger, 4, 5)
    heartbeat(merger, 6, 0)
    assert track(merger).missed == 4
    starts(merger, [20], at=7)
    heartbeat(merger, 8, 1)
    heartbeat(merger, 10, 1)
    assert track(merger).missed == 4


def test_a_heartbeat_that_comes_after_a_newer_one_is_not_of_another_process() -> None:
    """A worker kept it while its broker was away."""
    merger = Merger()
    starts(merger, [0], at=0)
    heartbeat(merger, 2, 1)
    heartbeat(merger, 6, 5)
    starts(merger, [1], at=7)
    heartbeat(merger, 4, 3, delay=3.5)
    running = merger.get("t1")
    assert running is not None
    assert running.state == "STARTED"
    heartbeat(merger, 8, 6)
    heartbeat(merger, 10, 6)
    assert (track(merger).missed, track(merger).processed) == (4, 6)


def test_a_goodbye_that_comes_after_a_newer_heartbeat_is_none() -> None:
    seen: list[str] = []
    merger = Merger(on_worker=lambda worker_event: seen.append(worker_event.kind))
    heartbeat(merger, 6, 5)
    merger.apply(event("worker-offline", 4), T0 + 6.5)
    assert seen == ["worker-heartbeat"]
    merger.apply(event("worker-offline", 7), T0 + 7)
    assert seen == ["worker-heartbeat", "worker-offline"]


def test_a_worker_whose_clock_was_set_back_is_believed_from_the_third_heartbeat_on() -> None:
    merger = Merger()
    heartbeat(merger, 1000, 5)
    heartbeat(merger, 2, 6, delay=1000)
    heartbeat(merger, 4, 7, delay=1000)
    assert track(merger).processed == 5
    heartbeat(merger, 6, 8, delay=1000)
    assert track(merger).processed == 8


def test_heartbeats_that_a_worker_kept_and_sends_at_once_are_not_those_of_a_clock_that_was_set_back() -> None:
    merger = Merger()
    heartbeat(merger, 8, 5)
    starts(merger, [1], at=9)
    for kept in (2, 4, 6):
        heartbeat(merger, kept, kept // 2, delay=10 - kept + kept / 100)
    running = merger.get("t1")
    assert running is not None
    assert (running.state, track(merger).processed) == ("STARTED", 5)


def test_a_new_process_with_the_same_pid_is_noted_although_the_clock_of_its_node_is_behind() -> None:
    merger = Merger()
    heartbeat(merger, 8, 5)
    starts(merger, [1], at=9)
    merger.apply(event("worker-online", 4, processed=0), T0 + 10)
    lost = merger.get("t1")
    assert lost is not None
    assert (lost.state, track(merger).processed) == ("LOST", 0)


def test_tasks_before_the_first_task_event_are_silent_and_not_missed() -> None:
    merger = Merger()
    heartbeat(merger, 2, 100)
    heartbeat(merger, 4, 130)
    assert (track(merger).missed, track(merger).silent) == (0, 30)
    starts(merger, [0], at=5)
    heartbeat(merger, 6, 132)
    heartbeat(merger, 8, 132)
    assert (track(merger).missed, track(merger).silent) == (0, 0)


def test_tasks_before_the_events_were_switched_on_are_not_missed_when_batches_come_late() -> None:
    """The first events of a busy worker come in a batch, and heartbeats overtake the batches."""
    merger = Merger()
    heartbeat(merger, 2, 100)
    heartbeat(merger, 4, 130)
    heartbeat(merger, 6, 160)  # events are switched on at 5; five of these tasks started later
    starts(merger, range(5), at=5)
    heartbeat(merger, 8, 180)
    starts(merger, range(5, 25), at=6.5)
    heartbeat(merger, 10, 200)
    starts(merger, range(25, 45), at=8.5)
    heartbeat(merger, 12, 220)
    starts(merger, range(45, 65), at=10.5)
    heartbeat(merger, 14, 220)
    assert (track(merger).missed, track(merger).silent) == (0, 0)


def test_a_loss_after_the_events_were_switched_on_is_counted_when_batches_come_late() -> None:
    merger = Merger()
    heartbeat(merger, 4, 130)
    starts(merger, range(5), at=5)
    heartbeat(merger, 6, 160)
    heartbeat(merger, 8, 180)
    starts(merger, range(5, 22), at=6.5)  # three of twenty are lost
    heartbeat(merger, 10, 190)
    starts(merger, range(22, 32), at=8.5)
    heartbeat(merger, 12, 190)
    assert track(merger).missed == 3


def test_tasks_that_a_new_process_loses_before_its_first_event_are_missed() -> None:
    """Celery's threads pool may lose the first events of a worker that starts with a full queue."""
    merger = Merger()
    heartbeat(merger, 2, 0)
    heartbeat(merger, 4, 5)  # no event of these came
    assert (track(merger).missed, track(merger).silent) == (0, 5)
    starts(merger, range(3), at=5)
    heartbeat(merger, 6, 8)
    heartbeat(merger, 8, 8)
    assert (track(merger).missed, track(merger).silent) == (5, 0)


def test_tasks_that_a_worker_loses_right_after_its_restart_are_missed() -> None:
    merger = Merger()
    starts(merger, [0], at=0)
    heartbeat(merger, 2, 1)
    heartbeat(merger, 4, 0)
    starts(merger, [10, 11], at=5)
    heartbeat(merger, 6, 4)
    heartbeat(merger, 8, 4)
    assert track(merger).missed == 2


def skewed(
    merger: Merger, skew: float, ats: Iterable[float], *, worker: str = WORKER, lag: float = 0.0
) -> None:
    """Heartbeats of a worker whose clock is ahead by ``skew``, received ``lag`` later than they were sent."""
    for at in ats:
        merger.apply(event("worker-heartbeat", at + skew, worker=worker, processed=0), T0 + at + lag)


@pytest.mark.parametrize("skew", [3600.0, -3600.0, 2.0, -30.0])
def test_a_wrong_clock_is_measured_and_the_times_are_corrected(skew: float) -> None:
    merger = Merger()
    skewed(merger, skew, [0, 2, 4, 6], lag=0.01)
    assert track(merger).clock_skew == pytest.approx(skew, abs=0.1)
    merger.apply(received(10 + skew), T0 + 10)
    merger.apply(event("task-started", 11 + skew), T0 + 11)
    (record,) = merger.take_changed()
    assert record.started == pytest.approx(T0 + 11, abs=0.1)
    assert record.received == pytest.approx(T0 + 10, abs=0.1)


def test_a_worker_that_is_an_hour_off_is_corrected_from_its_first_event() -> None:
    merger = Merger()
    merger.apply(received(3600), T0)
    (record,) = merger.take_changed()
    assert record.received == pytest.approx(T0, abs=1)


def test_a_right_clock_is_not_corrected_because_messages_take_time() -> None:
    merger = Merger()
    skewed(merger, 0.0, range(0, 20, 2), lag=0.8)
    assert track(merger).clock_skew == 0.0


def test_a_lag_of_the_monitor_that_passes_is_no_skew() -> None:
    merger = Merger()
    skewed(merger, 0.0, [0, 2, 4])
    for at, lag in ((6, 14.0), (8, 12.0), (10, 10.0), (12, 8.0), (14, 6.0)):  # all come at once
        skewed(merger, 0.0, [at], lag=lag)
    assert track(merger).clock_skew == 0.0


def test_a_constant_lag_of_the_monitor_is_no_skew_of_all_workers() -> None:
    merger = Merger()
    for at in range(0, 20, 2):
        skewed(merger, 0.0, [at], lag=8.0)
        skewed(merger, -100.0, [at], worker=OTHER, lag=8.0)
    assert track(merger).clock_skew == 0.0
    assert merger.workers[OTHER].clock_skew == pytest.approx(-100, abs=0.1)


def test_a_clock_that_is_set_right_counts_as_right_again() -> None:
    merger = Merger()
    skewed(merger, 3600.0, [0, 2, 4])
    skewed(merger, 0.0, [6, 8, 10])
    assert track(merger).clock_skew == 0.0


def test_missed_events_are_counted_with_a_wrong_clock_too() -> None:
    merger = Merger()
    skewed(merger, 3600.0, [0, 2, 4])
    for number, at in enumerate((5.0, 7.0, 9.0)):
        merger.apply(event("task-started", at + 3600, task=f"t{number}"), T0 + at)
        heartbeat(merger, at + 3601, number + 1, delay=-3600)
    heartbeat(merger, 3613, 3, delay=-3600)
    assert track(merger).missed == 0
