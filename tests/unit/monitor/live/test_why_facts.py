"""What the monitor knows of a task, and the answer that it gives."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from celery_health.readers.redis.task_search import TaskSearch
from celery_health.survey.task.result import TaskResult
from celery_health.survey.task.search import Searched
from celery_health.why.answer import Answer
from celery_health.why.decide import why
from celery_health.why.facts import Place, Sources
from celery_health.wire.resource_push import PushedGroup
from celery_monitor.live.views import QueueView, WorkerView
from celery_monitor.live.why.facts import Known, facts, with_result
from celery_monitor.live.why.tasks import Percentile
from celery_monitor.records.requests import RequestedCancel
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.live.test_workers import push, pushed_worker
from tests.unit.monitor.live.worlds import NOW

PLACE = Place("APP", "production", "shop")
W1 = WorkerView(name="w1@a", online=True, slots=1, queues=("mail",))


def record(state: str, **more: Any) -> TaskRecord:
    return TaskRecord(id="7", name="shop.mail", state=state, **more)


def answer(known_record: TaskRecord | None = None, **more: Any) -> Answer:
    return why(facts(with_result(replace(Known("7", NOW, known_record), **more))))


def test_a_task_that_was_sent_waits_in_its_queue_with_the_messages_ahead() -> None:
    found = answer(
        record("PENDING", queue="mail", sent=NOW - 60),
        searched=Searched(TaskSearch(queue="mail", ahead=9)),
        queue=QueueView(name="mail", ready=20, out_rate=2.0),
        consumers=[W1],
        sources=Sources(workers_known=True),
    )

    assert found.reason == "Waiting"
    assert "about 9 messages" in found.sentence
    assert "about 5 s" in found.sentence


def test_a_task_of_a_queue_that_no_worker_reads() -> None:
    found = answer(
        record("PENDING", queue="mail"),
        queue=QueueView(name="mail", ready=20),
        sources=Sources(workers_known=True, worker_count=3),
    )

    assert found.reason == "NoConsumer"


def test_a_retry_that_a_worker_keeps_until_its_time_failed_before() -> None:
    received = record("RECEIVED", worker="w1@a", received=NOW - 5, eta=NOW + 60, exception="OSError()")

    assert answer(msgspec.structs.replace(received, retries=1), holder=W1).reason == "WaitingForRetry"
    assert answer(received, holder=W1).reason == "HeldForEta"


def test_the_result_backend_knows_the_end_of_a_task_that_was_never_seen() -> None:
    found = answer(result=TaskResult(asked=True, state="FAILURE", done_at=NOW - 60, exception="KeyError"))

    assert found.reason == "Failed"
    assert "KeyError" in found.sentence


@pytest.mark.parametrize(
    ("state", "done_at", "reason"),
    [
        ("SUCCESS", NOW - 30, "Succeeded"),
        ("REVOKED", NOW - 30, "Revoked"),
        ("SUCCESS", NOW - 90, "Running"),
        ("STARTED", NOW - 30, "Running"),
        ("CUSTOM", None, "Running"),
    ],
)
def test_the_result_backend_knows_an_end_that_was_missed_but_not_the_end_of_an_earlier_run(
    state: str, done_at: float | None, reason: str
) -> None:
    running = record("STARTED", worker="w1@a", started=NOW - 60)

    found = answer(running, holder=W1, result=TaskResult(asked=True, state=state, done_at=done_at))

    assert found.reason == reason


@pytest.mark.parametrize(
    ("state", "reason"),
    [("RECEIVED", "RevokeOrdered"), ("STARTED", "Running"), ("UNREPORTED", "Revoked")],
)
def test_a_result_that_a_worker_stores_when_it_is_ordered_to_revoke_is_no_end(
    state: str, reason: str
) -> None:
    found = answer(
        record(state, worker="w1@a", received=NOW - 50, started=None if state == "RECEIVED" else NOW - 40),
        cancel=RequestedCancel(task_id="4c1f", at=NOW - 31, identity="anna", sends=1),
        result=TaskResult(asked=True, state="REVOKED", done_at=NOW - 30),
    )

    assert found.reason == reason


def test_a_task_that_is_reserved_behind_a_long_one() -> None:
    long = TaskRecord(id="9", name="shop.report", state="STARTED", started=NOW - 2400)

    found = answer(record("RECEIVED", worker="w1@a", received=NOW - 60), holder=W1, active=[long])

    assert found.reason == "BehindLongTask"
    assert "shop.report 9" in found.sentence


def test_a_task_that_runs_beyond_the_runtimes_of_its_name() -> None:
    found = answer(
        record("STARTED", worker="w1@a", started=NOW - 60), holder=W1, runtime=Percentile(9.0, 500)
    )

    assert found.reason == "RunningLong"


def test_a_task_on_a_deaf_worker_that_is_restarted() -> None:
    deaf = replace_reason(pushed_worker("w1@a", 1.0), "Deaf")

    found = answer(record("RECEIVED", worker="w1@a", received=NOW - 60), holder=W1, push=push(deaf))

    assert found.reason == "HolderFaulty"
    assert "deaf and is being restarted" in found.sentence


def test_a_task_that_succeeded_and_whose_result_is_gone() -> None:
    found = answer(
        record("SUCCESS", finished=NOW - 90_000, started=NOW - 90_001), result=TaskResult(asked=True)
    )

    assert found.reason == "ResultExpired"


def test_a_task_that_is_lost_with_its_worker() -> None:
    found = answer(record("LOST", worker="w1@a", started=NOW - 60), sources=Sources(workers_known=True))

    assert found.reason == "LostWithWorker"


def test_a_task_that_waits_for_its_retry() -> None:
    found = answer(record("RETRY", worker="w1@a", exception="Timeout()", retries=1))

    assert found.reason == "WaitingForRetry"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (TaskSearch(queue="mail", ahead=0), "Waiting"),
        (TaskSearch(unacknowledged=True), "Unacknowledged"),
        (TaskSearch(dead_letter_queue="mail.dead-letter"), "DeadLettered"),
        (TaskSearch(), "Rejected"),
    ],
)
def test_a_rejected_task_whose_message_the_broker_has_is_to_run_again(found: TaskSearch, reason: str) -> None:
    rejected = record("REJECTED", worker="w1@a", started=NOW - 5, finished=NOW - 4)

    assert answer(rejected, searched=Searched(found), consumers=[W1]).reason == reason


def test_a_task_in_a_custom_state_runs() -> None:
    found = answer(record("PROGRESS", worker="w1@a", started=NOW - 5), holder=W1)

    assert found.reason == "Running"


def test_a_task_of_a_suspended_resource() -> None:
    group = PushedGroup(
        name="standard",
        queues=("mail",),
        slots=4,
        desired=0,
        replicas=0,
        ready=0,
        consuming=0,
        draining=0,
        autoscaled=False,
    )
    resource = msgspec.structs.replace(
        push(pushed_worker("x@y", 1.0)), suspended=True, groups=(group,), pods=()
    )

    found = answer(
        record("PENDING", queue="mail"), push=resource, place=PLACE, sources=Sources(workers_known=True)
    )

    assert found.reason == "GroupAtZero"
    assert "the resource is suspended" in found.sentence
    assert found.command.startswith("kubectl -n production ")


def test_a_task_that_was_never_seen() -> None:
    found = answer(sources=Sources("redis://b:6379/0", history=True, task_events=True, sent_events=False))

    assert found.reason == "NeverSeen"
    assert "task_send_sent_event" in found.remedy


def replace_reason(worker: Any, reason: str) -> Any:
    return msgspec.structs.replace(worker, reason=reason)
