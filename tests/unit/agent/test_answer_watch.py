"""When the broker last answered, from a mark that moves with each of its answers."""

from types import SimpleNamespace
from typing import Any

import pytest

from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker import transport
from celery_probe.agent.worker.answer_watch import AnswerWatch


def watched(*observations: tuple[float, Any, bool]) -> float | None:
    watch = AnswerWatch(5.0)
    for now, mark, due in observations:
        watch.note(mark, due=due, now=now)
    return watch.mono


def test_a_mark_that_moves_is_an_answer_and_one_that_stands_is_none() -> None:
    assert watched((100, 1, True), (101, 2, True), (102, 2, True), (103, 2, True)) == 101


def test_while_no_answer_is_due_silence_does_not_count() -> None:
    assert watched((100, 1, True), (101, 1, False), (102, 1, True)) == 101


def test_a_loop_that_stood_could_read_no_answer() -> None:
    assert watched((100, 1, True), (160, 1, True), (161, 1, True)) == 160


def test_without_a_mark_nothing_is_known() -> None:
    assert watched((100, 1, True), (101, None, True)) is None


def consumer(**channel: Any) -> Any:
    return SimpleNamespace(task_consumer=SimpleNamespace(channel=SimpleNamespace(**channel)))


def redis(next_check: float, interval: float) -> Any:
    connection = SimpleNamespace(next_health_check=next_check, health_check_interval=interval)
    return consumer(client=SimpleNamespace(connection=connection))


@pytest.mark.parametrize(
    ("seen", "kind", "mark"),
    [
        (redis(123.5, 25), "redis", 123.5),
        (redis(0, 0), "redis", None),
        (consumer(), "redis", None),
        (consumer(client=SimpleNamespace(connection=None)), "redis", None),
        (consumer(connection=SimpleNamespace(bytes_recv=77)), "amqp", 77),
        (consumer(), "sqs", None),
    ],
)
def test_each_transport_has_its_own_mark(seen: Any, kind: str, mark: Any) -> None:
    errors = ErrorLog()
    assert transport.TransportReader(errors).answer_mark(seen, kind) == mark
    assert errors.count == 0


def test_a_mark_that_a_release_moved_is_unknown_and_counted() -> None:
    errors = ErrorLog()
    assert transport.TransportReader(errors).answer_mark(consumer(connection=None), "amqp") is None
    assert errors.last == "transport.answers: AttributeError"


@pytest.mark.parametrize(
    ("evidence", "due"),
    [
        ({"kind": "redis", "polling": True, "can_consume": True}, True),
        ({"kind": "redis", "polling": False, "can_consume": True}, False),
        ({"kind": "redis", "polling": True, "can_consume": False}, False),
        ({"kind": "redis", "polling": None, "can_consume": None}, False),
        ({"kind": "amqp"}, True),
    ],
)
def test_redis_owes_an_answer_to_a_pop_that_would_be_read(evidence: dict[str, Any], due: bool) -> None:
    assert transport.is_answer_due(evidence) is due
