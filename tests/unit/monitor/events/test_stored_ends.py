"""Ends of which no event came, and that the result backend has."""

import msgspec

from celery_monitor.events.merge import Merger
from celery_monitor.records.states import FAILURE, SUCCESS
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.events.samples import T0, WORKER, event, received


def running() -> Merger:
    merger = Merger()
    merger.apply(received(1, task="a"), T0 + 1)
    merger.apply(event("task-started", 2, task="a"), T0 + 2)
    merger.take_changed()
    return merger


def get(merger: Merger) -> TaskRecord:
    record = merger.get("a")
    assert record is not None
    return record


def learn(merger: Merger, record: TaskRecord, state: str = SUCCESS, at: float = 3, **more: object) -> None:
    changes = {"state": state, "finished": T0 + at, "worker": WORKER, **more}
    merger.learn_end(record, msgspec.structs.replace(record, **changes), T0 + 60)


def test_the_end_that_the_result_backend_has_ends_the_task() -> None:
    merger = running()
    learn(merger, get(merger), FAILURE, exception="KeyError")
    [record] = merger.take_changed()
    assert (record.state, record.finished, record.exception) == (FAILURE, T0 + 3, "KeyError")
    assert [(run.outcome, run.started) for run in record.runs] == [(FAILURE, T0 + 2)]
    learn(merger, get(merger), FAILURE, exception="KeyError")
    assert merger.changed == 0


def test_an_event_of_the_end_that_comes_late_is_the_end_of_the_same_run() -> None:
    merger = running()
    learn(merger, get(merger))
    merger.apply(event("task-succeeded", 3.1, task="a", result="7", runtime=1.1), T0 + 61)
    record = get(merger)
    assert (record.state, record.finished, record.runtime, record.result) == (SUCCESS, T0 + 3.1, 1.1, "7")
    assert (len(record.runs), record.run_twice) == (1, False)


def test_a_task_is_ended_whose_worker_has_ended_it_without_an_event() -> None:
    merger = running()
    for at in (4, 6):
        merger.apply(event("worker-heartbeat", at, active=0, processed=9), T0 + at)
    assert get(merger).state == "UNREPORTED"
    learn(merger, get(merger))
    assert get(merger).state == SUCCESS


def test_a_task_is_ended_whose_worker_has_gone() -> None:
    merger = running()
    merger.mark_lost(WORKER, T0 + 6)
    assert get(merger).state == "LOST"
    learn(merger, get(merger))
    assert get(merger).state == SUCCESS


def test_a_task_that_only_the_history_knows_is_ended() -> None:
    merger, before = Merger(), get(running())
    learn(merger, before)
    [record] = merger.take_changed()
    assert (record.name, record.state, len(record.runs)) == (before.name, SUCCESS, 1)


def test_the_next_run_of_the_task_is_not_ended_by_the_result_of_the_last() -> None:
    merger = running()
    before = get(merger)
    merger.apply(received(5, task="a", worker="celery@two"), T0 + 5)
    merger.apply(event("task-started", 6, task="a", worker="celery@two"), T0 + 6)
    learn(merger, before)
    assert [(run.worker, run.outcome) for run in get(merger).runs] == [
        (WORKER, SUCCESS),
        ("celery@two", None),
    ]


def test_a_task_without_any_event_of_its_worker_is_ended_where_the_result_names_the_worker() -> None:
    merger = Merger()
    merger.apply(event("task-sent", 1, task="a", worker="client@x", name="shop.mail"), T0 + 1)
    learn(merger, get(merger), worker=None)
    assert get(merger).state == "PENDING"
    learn(merger, get(merger))
    assert [(run.worker, run.outcome) for run in get(merger).runs] == [(WORKER, SUCCESS)]
