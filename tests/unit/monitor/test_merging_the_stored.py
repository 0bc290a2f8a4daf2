"""Written in parts, and by monitors that start again in between: the history has what one monitor saw."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.events.event import Event
from celery_monitor.events.merge import Merger
from celery_monitor.history.writing.merge import merge_records
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event, received

NOW = T0 + 9
# A worker sends the message of a retry before its task-retried, which then comes this much later: before the
# next run starts, ...
EARLY = (0.0, 0.05)
# ... or while it runs, or after it.
LATE = (*EARLY, 0.15, 0.25)

ENDS = ("task-succeeded", "task-failed", "")


@st.composite
def lives(
    draw: st.DrawFn, most_runs: int = 4, lateness: tuple[float, ...] = LATE, ends: tuple[str, ...] = ENDS
) -> list[Event]:
    """The events of a task that is retried several times, on one worker or two, in order of their time."""
    events, at, late = [event("task-sent", 0, worker="gen1@client", name="shop.add", queue="mail")], 1.0, None
    count = draw(st.integers(1, most_runs))
    worker = WORKER
    for retries in range(count):
        events.append(received(at, worker=worker, retries=retries))
        events.append(event("task-started", at + 0.1, worker=worker))
        if late is not None:
            events.append(late)
        if retries == count - 1:
            end = draw(st.sampled_from(ends))
            if end:
                more = {"result": "3", "runtime": 0.09} if end == "task-succeeded" else {"exception": "F()"}
                events.append(event(end, at + 0.2, worker=worker, **more))
            break
        wait = draw(st.sampled_from([0.21, 0.5]))
        after = wait + draw(st.sampled_from(lateness)) if draw(st.booleans()) else 0.205
        late = event("task-retried", at + after, worker=worker, exception=f"E{retries}()")
        at += wait
        worker = draw(st.sampled_from([WORKER, OTHER]))
    return sorted(events, key=lambda one: one.timestamp)


def merger_of(events: list[Event]) -> Merger:
    merger = Merger()
    for one in events:
        merger.apply(copy.copy(one), NOW)
    return merger


def record_of(events: list[Event]) -> TaskRecord:
    record = merger_of(events).get("t1")
    assert record is not None
    return record


def written(merger: Merger, events: list[Event], stored: TaskRecord | None = None) -> TaskRecord | None:
    """What is stored if each event is written at once."""
    for one in events:
        merger.apply(copy.copy(one), NOW)
        for record in merger.take_changed():
            stored = record if stored is None else merge_records(stored, record)
    return stored


@given(lives(), st.data())
def test_a_record_that_is_written_after_each_event_is_the_one_written_at_the_end(
    events: list[Event], data: st.DataObject
) -> None:
    dropped = data.draw(st.sets(st.integers(0, len(events) - 1), max_size=1))
    kept = [one for at, one in enumerate(events) if at not in dropped] or events
    shuffled = data.draw(st.permutations(kept))
    assert written(Merger(), kept) == record_of(kept)
    assert written(Merger(), list(shuffled)) == record_of(kept)


# A monitor that saw the beginning of neither run knows only by the runtime of a success which of two runs a
# late task-retried belongs to.
@given(st.one_of(lives(most_runs=2, ends=("task-succeeded",)), lives(lateness=EARLY)), st.data())
def test_a_monitor_that_starts_again_in_between_gives_the_runs_of_one_that_saw_all(
    events: list[Event], data: st.DataObject
) -> None:
    at = data.draw(st.integers(1, len(events) - 1)) if len(events) > 1 else 0
    whole = record_of(events)
    before = written(Merger(), events[:at])
    after = written(Merger(), events[at:], before)
    assert after is not None
    assert after.runs == whole.runs
    assert (after.state, after.exception, after.retries) == (whole.state, whole.exception, whole.retries)
    if before is not None:
        assert merge_records(before, record_of(events[at:])).runs == whole.runs
