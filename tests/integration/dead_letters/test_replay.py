"""Messages of real producers go back unchanged, and a real worker runs each of them once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amqp
import pytest
import redis as redis_client
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import run, worker
from tests.integration.dead_letters.quarantine import (
    QUEUE,
    amqp_connection,
    declare,
    lengths,
    lines,
    quarantine_on_rabbitmq,
    quarantine_on_redis,
    send,
)

WORLDS = pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)


@pytest.fixture
def rabbit(rabbit: RabbitServer) -> RabbitServer:
    """With the queue of the messages."""
    with amqp_connection(rabbit) as connection:
        declare(connection.channel(), "celery")
    return rabbit


@pytest.fixture
def client(redis: RedisServer) -> Iterator[Any]:
    with redis_client.Redis(port=redis.port) as connection:
        yield connection


@WORLDS
@pytest.mark.parametrize("protocol", [1, 2])
def test_on_redis_a_message_goes_back_unchanged_and_runs_once(
    world: World, protocol: int, redis: RedisServer, client: Any, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    settings = {"task_protocol": protocol}
    plain = send(world, redis.url, notes, "plain", settings=settings)
    urgent = send(world, redis.url, notes, "urgent", settings=settings, priority=6)
    raw = {quarantine_on_redis(redis, key) for key in ("celery", "celery\x06\x166")}
    assert client.keys("celery*") == [QUEUE.encode()]

    listed = run("dead-letter", "list", "--format", "json", "--broker", redis.url).document
    found = [(one["ref"], one["name"], one["queue"], one["retries"]) for one in listed["messages"]]
    assert found == [(plain, "cli_shop.note", "celery", 0), (urgent, "cli_shop.note", "celery", 0)]

    replayed = run("-A", "cli_shop", "dead-letter", "replay", urgent, plain, broker=redis.url)
    assert (replayed.code, replayed.err) == (0, "")
    assert replayed.out.count("put back into celery.") == 2
    assert {client.lrange(key, 0, -1)[0] for key in ("celery", "celery\x06\x166")} == raw
    assert not client.exists(QUEUE)

    with worker(tmp_path / "worker", world, redis.url):
        wait_for(lambda: sorted(lines(notes)) == ["plain", "urgent"], 120, lambda: lines(notes))
        wait_for(lambda: not client.hlen("unacked"), 30, "the worker acknowledges")
    assert sorted(lines(notes)) == ["plain", "urgent"]
    assert not client.exists("celery", "celery\x06\x166", QUEUE)


@WORLDS
def test_on_rabbitmq_a_message_goes_back_unchanged_and_runs_once(
    world: World, rabbit: RabbitServer, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    task_id = send(world, rabbit.url, notes, "urgent", priority=3)
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        original = quarantine_on_rabbitmq(channel, "celery")

        listed = run("dead-letter", "list", "--format", "json", "--broker", rabbit.url).document
        found = [(one["ref"], one["name"], one["queue"], one["retries"]) for one in listed["messages"]]
        assert found == [(task_id, "cli_shop.note", "celery", 0)]

        replayed = run("-A", "cli_shop", "dead-letter", "replay", "--all", broker=rabbit.url)
        assert (replayed.code, replayed.err) == (0, "")
        assert lengths(channel, QUEUE, "celery") == [0, 1]

        again = channel.basic_get("celery")
        assert (again.body, again.properties) == (original.body, original.properties)
        assert again.delivery_info["exchange"] == original.delivery_info["exchange"]
        channel.basic_reject(again.delivery_tag, requeue=True)

    with worker(tmp_path / "worker", world, rabbit.url):
        wait_for(lambda: lines(notes) == ["urgent"], 120, lambda: lines(notes))
    assert lines(notes) == ["urgent"]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_on_rabbitmq_a_body_of_another_encoding_goes_back_unchanged(
    encoding: str, rabbit: RabbitServer
) -> None:
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        channel.auto_decode = False
        message = amqp.Message(
            '[["é"], {}, {}]'.encode(encoding),
            content_type="application/json",
            content_encoding=encoding,
            application_headers={"task": "shop.hog", "id": "29a3"},
        )
        channel.basic_publish(message, routing_key="celery")
        original = quarantine_on_rabbitmq(channel, "celery")
        replayed = run("dead-letter", "replay", "29a3", "--broker", rabbit.url)
        assert (replayed.code, replayed.err) == (0, "")
        again = channel.basic_get("celery", no_ack=True)
        assert (again.body, again.properties) == (original.body, original.properties)


def test_on_redis_a_message_of_an_exchange_goes_to_the_queue_that_is_bound(
    redis: RedisServer, client: Any
) -> None:
    client.lpush(QUEUE, _of_exchange())
    unbound = run("dead-letter", "replay", "--all", "--broker", redis.url)
    assert (unbound.code, client.llen(QUEUE)) == (2, 1)
    assert "No queue is bound to exchange shop with routing key video.encode: use --to QUEUE" in unbound.err

    separator = "\x06\x16"
    client.sadd("_kombu.binding.shop", separator.join(["video.#", "^video\\..*?$", "videos"]))
    client.sadd("_kombu.binding.shop", separator.join(["mail.*", "^mail\\..*?[^\\.]$", "mails"]))
    bound = run("dead-letter", "replay", "--all", "--broker", redis.url)
    assert (bound.code, client.llen("videos"), client.llen(QUEUE)) == (0, 1, 0)


def _of_exchange() -> bytes:
    return (
        b'{"body": "W1tdLCB7fSwge31d", "content-encoding": "utf-8", "content-type": "application/json", '
        b'"headers": {"task": "shop.encode", "id": "1f"}, "properties": {"body_encoding": "base64", '
        b'"delivery_info": {"exchange": "shop", "routing_key": "video.encode"}, "priority": 0}}'
    )


def test_on_redis_the_keys_have_the_prefix_of_the_application(
    redis: RedisServer, client: Any, tmp_path: Path
) -> None:
    options = {"broker_transport_options": {"global_keyprefix": "shop:", "priority_steps": [0, 5]}}
    task_id = send(CELERY_5_7, redis.url, tmp_path / "notes", "one", settings=options, priority=7)
    quarantine_on_redis(redis, "shop:celery\x06\x165", f"shop:{QUEUE}")
    replayed = run("-A", "cli_prefixed", "dead-letter", "replay", task_id, broker=redis.url)
    assert replayed.code == 0, replayed.err
    assert client.llen("shop:celery\x06\x165") == 1
    assert not client.exists(f"shop:{QUEUE}")


def test_on_rabbitmq_reading_keeps_the_order_and_marks_the_messages_as_redelivered(
    rabbit: RabbitServer, tmp_path: Path
) -> None:
    sent = [send(CELERY_5_3, rabbit.url, tmp_path / "notes", str(number)) for number in range(3)]
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        for _ in sent:
            quarantine_on_rabbitmq(channel, "celery")
        for command in (("list",), ("show", sent[1]), ("replay", sent[1])):
            done = run("dead-letter", *command, "--broker", rabbit.url)
            assert done.code == 0, done.err
        left = [channel.basic_get(QUEUE) for _ in range(3)]
        assert [one and one.headers["id"] for one in left] == [sent[0], sent[2], None]
        assert all(one.delivery_info["redelivered"] for one in left[:2])
        for one in left[:2]:
            channel.basic_reject(one.delivery_tag, requeue=True)
        dropped = run("dead-letter", "drop", "--all", "--yes", "--broker", rabbit.url)
        assert (dropped.code, dropped.out.count(": dropped.")) == (0, 2)
        assert lengths(channel, QUEUE, "celery") == [0, 1]


def test_on_rabbitmq_a_message_without_a_queue_stays(rabbit: RabbitServer, tmp_path: Path) -> None:
    task_id = send(CELERY_5_3, rabbit.url, tmp_path / "notes", "one", queue="short")
    with amqp_connection(rabbit) as connection:
        channel = connection.channel()
        quarantine_on_rabbitmq(channel, "short")
        channel.queue_delete("short")
        refused = run("dead-letter", "replay", task_id, "--broker", rabbit.url)
        assert (refused.code, lengths(channel, QUEUE)) == (2, [1])
        assert (
            "The queue short does not exist: start a worker that consumes it, or use --to QUEUE."
            in refused.err
        )
        moved = run("dead-letter", "replay", task_id, "--to", "celery", "--broker", rabbit.url)
        assert (moved.code, lengths(channel, QUEUE, "celery")) == (0, [0, 1])
