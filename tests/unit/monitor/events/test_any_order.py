"""Whatever order the events of a task come in, and however often, its record is the same."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.events.event import Event
from celery_monitor.events.fold import record_of
from celery_monitor.events.merge import Merger
from celery_monitor.events.plain import plain_record
from celery_monitor.records.states import FINAL_STATES
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event, received

NOW = T0 + 1
ENDS = ("task-succeeded", "task-failed", "task-retried", "task-revoked", "task-rejected", "")


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """The events of one task as workers send them, in order: runs on two workers, some of which overlap."""
    events = [event("task-sent", 0, worker="gen1@client", name="shop.add", queue="mail")]
    at = 0.0
    for number in range(draw(st.integers(1, 4))):
        worker = draw(st.sampled_from([WORKER, OTHER]))
        at += draw(st.sampled_from([0.0, 0.001, 0.01]))
        events.append(received(at := at + 0.001, worker=worker, retries=number, eta=None))
        if draw(st.booleans()):
            events.append(event("task-started", at := at + 0.001, worker=worker))
        if draw(st.booleans()):
            events.append(
                event("task-progress", at := at + 0.001, worker=worker, pid=99, progress='{"n": 1}')
            )
        if end := draw(st.sampled_from(ENDS)):
            more = {"result": f"r{number}"} if end == "task-succeeded" else {"exception": f"E{number}()"}
            events.append(event(end, at := at + 0.001, worker=worker, **more))
    kept = draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    return [one for one, keep in zip(events, kept, strict=True) if keep] or events[:1]


def record(events: list[Event], flush_after: set[int] | None = None) -> TaskRecord:
    merger = Merger()
    for position, one in enumerate(events):
        merger.apply(copy.copy(one), NOW)
        if flush_after and position in flush_after:
            merger.take_changed()
    found = merger.get("t1")
    assert found is not None
    return found


@given(lives(), st.data())
def test_any_order_with_repetitions_gives_the_record_of_the_right_order(
    events: list[Event], data: st.DataObject
) -> None:
    repeated = events + data.draw(st.lists(st.sampled_from(events), max_size=6))
    shuffled = data.draw(st.permutations(repeated))
    flushes = data.draw(st.sets(st.integers(0, len(shuffled))))
    assert record(shuffled, flushes) == record(events)


@given(lives())
def test_a_record_is_consistent_with_its_runs(events: list[Event]) -> None:
    found = record(events)
    assert [run.number for run in found.runs] == list(range(1, len(found.runs) + 1))
    if any(run.outcome == "SUCCESS" for run in found.runs):
        assert found.state == "SUCCESS"
    if found.state in FINAL_STATES:
        assert found.finished is not None
    assert found.run_twice <= (len(found.runs) > 1)


@given(lives())
def test_a_success_is_never_taken_back(events: list[Event]) -> None:
    merger = Merger()
    succeeded = False
    for one in events:
        merger.apply(copy.copy(one), NOW)
        found = merger.get("t1")
        assert found is not None
        assert not succeeded or found.state == "SUCCESS"
        succeeded = found.state == "SUCCESS"


@given(lives())
def test_the_plain_record_is_the_one_that_the_fold_gives(events: list[Event]) -> None:
    of_worker = [one for one in events if one.type != "task-sent"][:3]
    for count in range(1, len(of_worker) + 1):
        plain = plain_record("t1", of_worker[:count])
        assert plain is None or plain == record_of("t1", None, of_worker[:count])[0]


@st.composite
def retried_at_once(draw: st.DrawFn) -> list[Event]:
    """A task that one worker retries twice, in an order in which a worker under load can send the events.

    A pool process sends the message of a retry itself. So the worker may receive it before it has read from
    the pipe of that process that the run before it started and ended. It hands the retry to a pool process
    only afterwards, so the starts are in order.
    """
    left = [["task-received", "task-started", "task-retried"] for _ in range(2)]
    left.append(["task-received", "task-started", "task-succeeded"])
    events: list[Event] = []
    received_at = 0.0
    while any(left):
        # The first event of a kind that is left is the next of this kind, except for the ends.
        first = {kinds[0]: number for number, kinds in reversed(list(enumerate(left))) if kinds}
        ends = [number for number, kinds in enumerate(left) if len(kinds) == 1]
        number = draw(st.sampled_from(sorted({*first.values(), *ends})))
        kind, at = left[number].pop(0), 1.0 + len(events)
        if kind == "task-received":
            received_at = at
            events.append(received(at, retries=number))
        elif kind == "task-succeeded":
            runtime = draw(st.one_of(st.none(), st.floats(0.001, at - received_at)))
            events.append(event(kind, at, result="'done'", runtime=runtime))
        else:
            events.append(event(kind, at))
    return events


@given(retried_at_once())
def test_each_retry_is_one_run_whenever_the_worker_hears_of_its_pool_processes(events: list[Event]) -> None:
    found = record(events)
    assert [(run.outcome, run.retries) for run in found.runs] == [("RETRY", 0), ("RETRY", 1), ("SUCCESS", 2)]
    assert all(run.started and run.finished for run in found.runs)
    assert (found.state, found.run_twice) == ("SUCCESS", False)


@pytest.mark.parametrize("end", ["task-succeeded", "task-failed"])
def test_a_task_that_is_received_started_and_ended_is_plain(end: str) -> None:
    life = [
        received(1, eta="2027-01-15T08:00:00+00:00", args="('...',)", retries=2),
        event("task-started", 2),
        event(end, 3, result="3", runtime=1.0, exception="E()", traceback="T"),
    ]
    for count in (1, 2, 3):
        assert plain_record("t1", life[:count]) == record_of("t1", None, life[:count])[0]
