"""The search of a Redis for one task's message, where many applications keep dead-letter queues."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from tools.testbed.servers import RedisServer, redis_server

from celery_health.readers.redis import task_search
from celery_health.readers.redis.task_search import MAX_MESSAGES
from celery_health.survey.app_connection import resolve
from celery_health.survey.task.search import Searched, search_for_task

NOT_ALL = "Not all dead-letter queues on this Redis were searched."


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine ends no search."""
    monkeypatch.setattr(task_search, "MAX_SECONDS", 60.0)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis", arguments=["--enable-debug-command", "yes"]) as server:
        yield server


def message(task_id: str) -> str:
    return json.dumps({"body": "", "headers": {"id": task_id, "task": "shop.mail"}})


async def search(url: str, task_id: str, *dead_letter_queues: str) -> Searched:
    connection = resolve(None, None, url, None, {})
    return await search_for_task(connection, task_id, ["celery"], dead_letter_queues)


async def test_a_message_is_found_behind_fifty_other_dead_letter_queues(own_redis: RedisServer) -> None:
    client = Redis(port=own_redis.port)
    for number in range(50):
        client.lpush(f"shop-{number:02}.dead-letter", message(f"other-{number}"))
    client.lpush("warehouse.dead-letter", message("mine"))

    found = await search(own_redis.url, "mine")
    missing = await search(own_redis.url, "nowhere")

    assert found.found is not None
    assert found.found.dead_letter_queue == "warehouse.dead-letter"
    assert (found.not_searched, missing.not_searched) == ((), ())


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ('"é"', "é"),
        ("77", "77"),
        ('{"__type__": "uuid", "__value__": {"hex": "00000000000000000000000000000005"}}', str(UUID(int=5))),
    ],
)
async def test_a_message_is_found_however_its_producer_writes_the_id(
    sent: str, asked: str, own_redis: RedisServer
) -> None:
    client = Redis(port=own_redis.port)
    client.lpush("shop.dead-letter", f'{{"body": "", "headers": {{"id": {sent}, "task": "shop.mail"}}}}')
    found = await search(own_redis.url, asked)
    assert found.found is not None
    assert found.found.dead_letter_queue == "shop.dead-letter"


async def test_the_own_dead_letter_queues_are_searched_before_those_of_others(own_redis: RedisServer) -> None:
    client = Redis(port=own_redis.port)
    client.lpush("a.dead-letter", *(message(f"other-{number}") for number in range(MAX_MESSAGES + 1)))
    for queue in ("celery", "named", "z"):
        client.lpush(f"{queue}.dead-letter", message(f"in-{queue}"))

    own = await search(own_redis.url, "in-celery")
    named = await search(own_redis.url, "in-named", "named.dead-letter")
    behind = await search(own_redis.url, "nowhere")

    assert own.found is not None
    assert own.found.dead_letter_queue == "celery.dead-letter"
    assert named.found is not None
    assert named.found.dead_letter_queue == "named.dead-letter"
    assert (own.not_searched, named.not_searched) == ((), ())
    assert behind.found is not None
    assert behind.found.dead_letter_queue is None
    assert behind.not_searched == (NOT_ALL,)


async def test_a_user_who_may_not_scan_searches_the_queues_that_are_known(own_redis: RedisServer) -> None:
    client = Redis(port=own_redis.port)
    client.acl_setuser("shop", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-scan"])
    client.lpush("celery", message("waits"))
    client.lpush("celery.dead-letter", message("dead"))
    url = own_redis.url.replace("redis://", "redis://shop:any@")

    waiting = await search(url, "waits")
    dead = await search(url, "dead")
    missing = await search(url, "nowhere")

    assert waiting.found is not None
    assert waiting.found.queue == "celery"
    assert dead.found is not None
    assert dead.found.dead_letter_queue == "celery.dead-letter"
    assert missing.found is not None
    assert missing.found.dead_letter_queue is None
    assert missing.not_searched == (NOT_ALL,)


async def test_dead_letter_queues_that_cannot_be_read_end_no_search(own_redis: RedisServer) -> None:
    client = Redis(port=own_redis.port)
    client.set("celery.dead-letter", "no list")
    client.lpush("mail.dead-letter", message("dead"))
    client.lpush("celery", message("waits"))

    dead = await search(own_redis.url, "dead", "other.dead-letter")
    missing = await search(own_redis.url, "nowhere")

    assert dead.found is not None
    assert dead.found.dead_letter_queue == "mail.dead-letter"
    assert missing.not_searched == (NOT_ALL,)


async def test_the_dead_letter_queues_of_a_large_redis_are_found(own_redis: RedisServer) -> None:
    client: Any = Redis(port=own_redis.port)
    client.execute_command("DEBUG", "POPULATE", 100_000)
    client.lpush("warehouse.dead-letter", message("mine"))

    found = await search(own_redis.url, "mine")
    missing = await search(own_redis.url, "nowhere")

    assert found.found is not None
    assert found.found.dead_letter_queue == "warehouse.dead-letter"
    assert missing.not_searched == ()


async def test_a_search_that_ends_before_the_queue_does_says_so(own_redis: RedisServer) -> None:
    client = Redis(port=own_redis.port)
    client.lpush("celery", *(message(f"other-{number}") for number in range(MAX_MESSAGES + 1)))

    found = await search(own_redis.url, "nowhere")

    assert found.not_searched == (
        "The search ended after 10000 messages of the queues: it reads at most 10000, for at most 2 s.",
    )


async def test_it_is_said_if_not_all_unacknowledged_messages_were_read(own_redis: RedisServer) -> None:
    client = Redis(port=own_redis.port)
    client.hset("unacked", mapping={str(tag): "[]" for tag in range(MAX_MESSAGES + 1_000)})

    many = await search(own_redis.url, "nowhere")
    client.delete("unacked")
    none = await search(own_redis.url, "nowhere")

    assert "unacknowledged" in many.not_searched[0]
    assert none.not_searched == ()
