"""Queues that no worker consumes, on a Redis that is large: the check and ``why`` find them, or say so."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from redis import Redis
from tools.testbed.servers import RedisServer, redis_server

from celery_health.readers.redis.queue_discovery import MAX_QUEUES, MAX_STEP
from celery_health.survey import finding_queues
from celery_health.survey.app_connection import resolve
from celery_health.survey.collect import collect_snapshot
from celery_health.survey.snapshot import CheckOptions
from celery_health.survey.task.facts import WhyOptions, collect_task_facts
from celery_health.why.answer import Answer
from celery_health.why.decide import why

NOT_ALL = "Not all queues on this Redis were found: name the queue to search with --queue."


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine ends no search."""
    monkeypatch.setattr(finding_queues, "MOST_SECONDS", 60.0)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as server:
        yield server


def fill(server: RedisServer, queues: Sequence[str], other_keys: int = 0) -> None:
    """Queues with one message each, whose task has the id ``in-QUEUE``."""
    pipeline = Redis(port=server.port).pipeline()
    for number in range(other_keys):
        pipeline.set(f"celery-task-meta-{number}", "")
    for name in queues:
        pipeline.sadd(f"_kombu.binding.{name}", f"{name}\x06\x16\x06\x16{name}")
        headers = {"id": f"in-{name}", "task": "shop.mail"}
        pipeline.lpush(name, json.dumps({"body": "", "headers": headers}))
    pipeline.execute()


def answer(server: RedisServer, task_id: str, *queues: str) -> Answer:
    connection = resolve(None, None, server.url, None, {})
    return why(asyncio.run(collect_task_facts(connection, task_id, WhyOptions(20, queues))))


def test_a_queue_among_many_keys_is_found(own_redis: RedisServer) -> None:
    fill(own_redis, ["forgotten"], other_keys=5 * MAX_STEP)
    connection = resolve(None, None, own_redis.url, None, {})

    found = answer(own_redis, "in-forgotten")
    snapshot = asyncio.run(collect_snapshot(connection, CheckOptions(timeout=200.0)))

    assert "queue forgotten" in found.sentence
    assert NOT_ALL not in found.evidence
    assert [queue.name for queue in snapshot.broker.other_queues] == ["forgotten"]


def test_why_says_if_there_are_more_queues_than_it_finds(own_redis: RedisServer) -> None:
    fill(own_redis, [f"q{number:04}" for number in range(MAX_QUEUES + 1)])
    last = f"q{MAX_QUEUES:04}"

    found = answer(own_redis, f"in-{last}")
    named = answer(own_redis, f"in-{last}", last)

    assert (found.reason, NOT_ALL in found.evidence) == ("NeverSeen", True)
    assert (f"queue {last}" in named.sentence, NOT_ALL in named.evidence) == (True, False)
