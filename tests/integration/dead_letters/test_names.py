"""Queues have any name: patterns of Redis, markup of the terminal, the separator of kombu's priorities.

Ids of tasks need not be texts.
"""

import json
from typing import Any
from uuid import UUID

import amqp
import pytest
import redis as redis_client
from celery import Celery
from tools.testbed.servers import RabbitServer, RedisServer

from tests.integration.cli.harness import run
from tests.integration.dead_letters.quarantine import (
    QUEUE,
    amqp_connection,
    declare,
    lengths,
    quarantine_on_redis,
)
from tests.integration.dead_letters.test_errors import message

NAMES = pytest.mark.parametrize(
    "name", ["mail*?[a-z]", "[red]my mail é[/red]", "mail\x06\x163", "--mail", "m\x1b[31m"]
)
HEADERS = {"task": "shop.hog", "id": "29a3"}


def printed_name(name: str) -> str:
    return name.replace("\x06\x16", "\\x06\\x16").replace("\x1b", "\\x1b")


def replayed(url: str, name: str) -> None:
    """List the queue's messages, show one, and put it back."""
    chosen = ["--broker", url, "dead-letter"]
    dead = f"--queue={name}.dead-letter"
    listed = run(*chosen, "list", dead)
    assert listed.code == 0, listed.err
    assert listed.out.startswith(f"Dead-letter queue {printed_name(name)}.dead-letter\n")
    assert "29a3" in run(*chosen, "show", "29a3", dead).out
    done = run(*chosen, "replay", "29a3", dead)
    assert done.out == f"29a3 (shop.hog): put back into {printed_name(name)}.\n", done.err
    assert (
        run(*chosen, "list", dead).out
        == f"The dead-letter queue {printed_name(name)}.dead-letter is empty.\n"
    )


@NAMES
def test_on_redis(name: str, redis: RedisServer) -> None:
    with redis_client.Redis(port=redis.port) as client:
        document: dict[str, Any] = json.loads(message("29a3"))
        document["properties"]["delivery_info"]["routing_key"] = name
        raw = json.dumps(document)
        # Queues that the name would fit if it were a pattern.
        client.lpush("mailxya", raw)
        client.lpush(f"{name}.dead-letter", raw)
        replayed(redis.url, name)
        assert client.lrange(name, 0, -1) == [raw.encode()]
        assert client.llen("mailxya") == 1


@NAMES
def test_on_rabbitmq(name: str, rabbit: RabbitServer) -> None:
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        dead = f"{name}.dead-letter"
        declare(channel, name)
        declare(channel, dead)
        route = {"x-celery-probe-exchange": "", "x-celery-probe-routing-key": name}
        original = amqp.Message(b"[[], {}, {}]", application_headers={**HEADERS, **route})
        channel.basic_publish(original, routing_key=dead)
        replayed(rabbit.url, name)
        assert lengths(channel, name, dead) == [1, 0]
        channel.queue_delete(name)
        channel.queue_delete(dead)


@pytest.mark.parametrize("task_id", [UUID(int=5), 77], ids=["UUID", "number"])
def test_a_task_whose_id_is_no_text_is_found_by_the_text_of_its_id(task_id: Any, redis: RedisServer) -> None:
    with redis_client.Redis(port=redis.port) as client, Celery(broker=redis.url, set_as_current=False) as app:
        app.send_task("shop.hog", task_id=task_id)
        raw = quarantine_on_redis(redis, "celery")
        where = run("why", str(task_id), "--broker", redis.url)
        assert f"dead-letter queue {QUEUE}" in where.out
        replayed = run("dead-letter", "replay", str(task_id), "--broker", redis.url)
        assert replayed.out == f"{task_id} (shop.hog): put back into celery.\n", replayed.err
        assert client.lrange("celery", 0, -1) == [raw]
