"""A dead-letter queue is read once a minute, for all questions."""

import pytest

from celery_health.dead_letters.letter import Letter
from celery_health.survey.app_connection import AppConnection, resolve
from celery_monitor.live.why import dead_letters
from celery_monitor.live.why.dead_letters import DeadLetterReader

RABBIT = resolve(None, None, "amqp://127.0.0.1:1//", None, {})


async def test_many_questions_read_a_queue_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read_queues = []

    async def read(_: AppConnection, queue: str) -> tuple[Letter, ...]:
        read_queues.append(queue)
        return ()

    monkeypatch.setattr(dead_letters, "read_dead_letters", read)
    reader = DeadLetterReader()
    for queue in ("a.dead-letter", "b.dead-letter", "a.dead-letter"):
        assert await reader(RABBIT, queue) == ()
    assert read_queues == ["a.dead-letter", "b.dead-letter"]
