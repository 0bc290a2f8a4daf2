"""Events become records: states, times, runs."""

import gc
import time
from typing import Any

import pytest

from celery_monitor.events.event import Event, WorkerEvent
from celery_monitor.events.merge import Merger
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event, received

NOW = T0 + 6


def merged(*events: Event) -> TaskRecord:
    merger = Merger()
    for one in events:
        merger.apply(one, one.timestamp)
    (record,) = merger.take_changed()
    return record


def test_a_task_that_succeeds_has_all_times_and_one_run() -> None:
    record = merged(
        event(
            "task-sent", 0, worker="gen1@client", name="shop.add", queue="mail", routing_key="mail", retries=0
        ),
        received(1, eta="2027-01-15T08:00:00+00:00"),
        event("task-started", 2),
        event("task-succeeded", 5, result="3", runtime=2.5),
    )
    assert (record.state, record.result, record.runtime, record.retries) == ("SUCCESS", "3", 2.5, 0)
    assert (record.sent, record.received, record.started, record.finished) == (T0, T0 + 1, T0 + 2, T0 + 5)
    assert (record.name, record.args, record.queue, record.sender) == (
        "shop.add",
        "(1, 2)",
        "mail",
        "gen1@client",
    )
    assert (record.worker, record.eta, record.state_time) == (WORKER, T0, T0 + 5)
    (run,) = record.runs
    assert (run.number, run.worker, run.outcome, run.runtime) == (1, WORKER, "SUCCESS", 2.5)
    assert not record.run_twice


def test_without_task_sent_the_queue_is_unknown() -> None:
    assert merged(received(1)).queue is None


def test_a_sent_task_is_pending() -> None:
    record = merged(event("task-sent", 0, worker="gen1@client", name="shop.add"))
    assert (record.state, record.sent, record.worker, record.runs) == ("PENDING", T0, None, [])


def test_each_retry_is_a_run_of_its_own() -> None:
    record = merged(
        received(1),
        event("task-started", 2),
        event("task-retried", 3, exception="Timeout()", traceback="Traceback"),
        received(4, worker=OTHER, retries=1),
        event("task-started", 5, worker=OTHER),
        event("task-succeeded", 6, worker=OTHER, result="3", runtime=1.0),
    )
    assert (record.state, record.retries, record.worker, record.exception) == ("SUCCESS", 1, OTHER, None)
    assert [(run.number, run.worker, run.outcome, run.retries) for run in record.runs] == [
        (1, WORKER, "RETRY", 0),
        (2, OTHER, "SUCCESS", 1),
    ]
    assert not record.run_twice


def test_a_late_event_never_moves_a_task_backwards() -> None:
    merger = Merger()
    merger.apply(event("task-succeeded", 5, result="3"), NOW)
    assert merger.take_changed()[0].state == "SUCCESS"
    merger.apply(event("task-started", 2), NOW)
    merger.apply(received(1), NOW)
    (record,) = merger.take_changed()
    assert (record.state, record.received, record.started, len(record.runs)) == ("SUCCESS", T0 + 1, T0 + 2, 1)


def test_a_second_run_after_a_success_is_a_run_and_not_a_change_of_state() -> None:
    record = merged(
        received(1),
        event("task-started", 2),
        event("task-succeeded", 3, result="3"),
        received(4, worker=OTHER),
        event("task-started", 5, worker=OTHER),
    )
    assert (record.state, record.run_twice, len(record.runs)) == ("SUCCESS", True, 2)


def test_a_worker_event_is_handed_on() -> None:
    seen: list[WorkerEvent] = []
    merger = Merger(on_worker=seen.append)
    merger.apply(event("worker-heartbeat", 0, active=1, processed=7, freq=2.0, loadavg=[0.5, 1, 2]), NOW)
    assert [(one.name, one.kind, one.processed, one.load) for one in seen] == [
        (WORKER, "worker-heartbeat", 7, 0.5)
    ]
    assert merger.workers[WORKER].processed == 7


def test_a_record_that_was_handed_out_changes_no_more() -> None:
    merger = Merger()
    merger.apply(received(1), NOW)
    (first,) = merger.take_changed()
    merger.apply(event("task-started", 2), NOW)
    assert merger.take_changed()[0].runs[0].started == T0 + 2
    assert first.runs[0].started is None
    assert merger.take_changed() == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"expired": True, "terminated": False, "signum": None}, "expired"),
        ({"expired": False, "terminated": True, "signum": 15}, "terminated by SIGTERM"),
        ({"expired": False, "terminated": True, "signum": "9"}, "terminated by SIGKILL"),
        ({"expired": False, "terminated": True, "signum": "TERM"}, "terminated by SIGTERM"),
        ({"expired": False, "terminated": True, "signum": "SIGINT"}, "terminated by SIGINT"),
        ({"expired": False, "terminated": True, "signum": "<b>"}, "terminated"),
        ({"expired": False, "terminated": True, "signum": 99}, "terminated"),
        ({"expired": False, "terminated": False, "signum": None}, None),
        ({}, None),
    ],
)
def test_a_revoked_task_says_why(fields: dict[str, Any], reason: str | None) -> None:
    merger = Merger()
    merger.apply(received(1), T0)
    merger.apply(event("task-revoked", 2, **fields), T0)
    (record,) = merger.take_changed()
    assert (record.state, record.reason, record.runs[0].reason) == ("REVOKED", reason, reason)


def test_a_worker_that_goes_costs_nothing_for_the_tasks_of_others() -> None:
    merger = Merger()
    for number in range(20_000):
        merger.apply(event("task-started", 2, task=f"t{number}", worker=OTHER), T0 + 2)
    merger.apply(event("task-started", 2, task="own"), T0 + 2)
    merger.take_changed()
    merger.apply(event("task-started", 3, task="changed"), T0 + 3)

    # A collection of all the objects of a test run takes far longer.
    gc.collect()
    gc.disable()
    try:
        began = time.thread_time()
        lost = merger.mark_lost(WORKER, T0 + 4)
        milliseconds = (time.thread_time() - began) * 1000
    finally:
        gc.enable()

    assert lost == 2
    assert {record.id: record.state for record in merger.take_changed()} == {"own": "LOST", "changed": "LOST"}
    assert milliseconds < 3, "It went through the tasks of other workers."


def test_a_task_that_leaves_the_memory_is_not_lost_with_its_worker() -> None:
    merger = Merger(max_unfinished=1)
    for task in ("a", "b"):
        merger.apply(event("task-started", 2, task=task), T0 + 2)
        merger.take_changed()
    assert merger.mark_lost(WORKER, T0 + 4) == 1
    assert [record.id for record in merger.take_changed()] == ["b"]
    assert merger.workers.running_on(WORKER) == set()


def test_a_task_that_is_running_leaves_the_memory_after_those_that_wait() -> None:
    merger = Merger(max_unfinished=3)
    for number in range(2):
        merger.apply(event("task-started", 1, task=f"runs-{number}"), T0 + 1)
    for number in range(5):
        merger.apply(event("task-sent", 2, task=f"waits-{number}"), T0 + 2)
    merger.take_changed()
    assert [record.id for record in merger.unfinished()] == ["runs-0", "runs-1", "waits-4"]
    assert merger.counters.evicted == 4
    assert merger.mark_lost(WORKER, T0 + 4) == 2


def test_changed_records_are_taken_in_parts_each_once() -> None:
    merger = Merger(max_unfinished=2)
    for number in range(5):
        merger.apply(received(1, task=str(number)), T0 + 1)
    parts = [[record.id for record in merger.take_changed(2)] for _ in range(4)]
    assert parts == [["0", "1"], ["2", "3"], ["4"], []]
    assert (merger.changed, len(merger)) == (0, 2)


def test_memory_is_bounded_also_while_more_changes_than_are_taken() -> None:
    merger = Merger(max_unfinished=2, max_finished=2)
    for number in range(20):
        for task in (f"waits-{number}", f"failed-{number}"):
            merger.apply(received(1, task=task), T0 + 1)
        merger.apply(event("task-failed", 2, task=f"failed-{number}"), T0 + 2)
        merger.take_changed(1)
    assert merger.changed == 20
    assert len(merger) <= merger.changed + 4


def test_a_task_that_has_changed_stays_until_its_record_is_taken() -> None:
    merger = Merger(max_unfinished=1)
    merger.apply(event("task-started", 2, task="a"), T0 + 2)
    merger.take_changed()
    merger.apply(event("task-started", 3, task="b", worker=OTHER), T0 + 3)
    merger.apply(event("task-retried", 4, task="a"), T0 + 4)
    assert [record.id for record in merger.take_changed(1)] == ["b"]
    assert [record.runs[-1].outcome for record in merger.take_changed()] == ["RETRY"]
    assert len(merger) == 1
