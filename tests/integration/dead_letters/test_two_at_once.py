"""Two commands at once: no message is put back twice, and neither takes a message for gone that is there."""

import json
from contextlib import closing
from itertools import zip_longest
from typing import Any

import amqp
import pytest
import redis as redis_client
from tools.testbed.servers import RabbitServer, RedisServer

from celery_health.broker import RedisNaming
from celery_health.dead_letters.letter import DeadLetterError, DeadLetterQueue
from celery_health.dead_letters.opening import open_dead_letters
from celery_health.urls import parse
from tests.integration.dead_letters.quarantine import QUEUE, amqp_connection, declare, lengths

IDS = [f"id-{number}" for number in range(15)]


def opened(url: str) -> closing[DeadLetterQueue]:
    return closing(open_dead_letters(parse(url), RedisNaming(), QUEUE))


def digests(queue: DeadLetterQueue) -> list[str]:
    return [letter.digest for letter in queue.read(100).letters]


def without_claims(redis: RedisServer, client: Any) -> str:
    """The URL of a user that may not subscribe to channels."""
    client.acl_setuser(
        "silent", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all", "-subscribe"]
    )
    return f"redis://silent:secret@127.0.0.1:{redis.port}/0"


def test_on_redis_a_second_command_does_nothing_and_says_so(redis: RedisServer) -> None:
    with (
        redis_client.Redis(port=redis.port) as client,
        opened(redis.url) as other,
        opened(redis.database(1)) as apart,
    ):
        client.lpush(QUEUE, *IDS)
        wanted = digests(other)
        with opened(redis.url) as one:
            dropping = one.drop(wanted)
            assert next(dropping).done
            for refused in (other.replay(wanted, None), other.drop(wanted)):
                with pytest.raises(
                    DeadLetterError, match=f"is using the dead-letter queue {QUEUE}, and this"
                ):
                    next(refused)
            assert not next(iter(apart.drop(["absent"]))).done
            assert client.llen(QUEUE) == len(IDS) - 1
            assert all(result.done for result in dropping)
        assert [result.done for result in other.drop(wanted[:1])] == [False]


def test_on_redis_two_replays_put_each_message_back_once(redis: RedisServer) -> None:
    with (
        redis_client.Redis(port=redis.port) as client,
        opened(without_claims(redis, client)) as one,
        opened(without_claims(redis, client)) as other,
    ):
        for task_id in IDS:
            for marks in ({}, {"redelivered": True}):
                route = {"exchange": "", "routing_key": "mail", **marks}
                headers = {"task": "t", "id": task_id, **marks}
                text = json.dumps(
                    {"body": "", "headers": headers, "properties": {"delivery_info": route}},
                )
                client.lpush(QUEUE, text)
        wanted = digests(one)
        took_turns = zip_longest(one.replay(wanted, None), other.replay(wanted, None))
        results = [result for turn in took_turns for result in turn if result is not None]
        assert len([result for result in results if result.done and not result.copy]) == len(IDS)
        assert len([result for result in results if result.done]) == len(wanted)
        assert not client.exists(QUEUE)
        found = [json.loads(raw)["headers"]["id"] for raw in client.lrange("mail", 0, -1)]
        assert sorted(found) == sorted(IDS)


def test_on_redis_a_drop_is_not_misled_by_another_one(redis: RedisServer) -> None:
    with (
        redis_client.Redis(port=redis.port) as client,
        opened(without_claims(redis, client)) as one,
        opened(without_claims(redis, client)) as other,
    ):
        client.lpush(QUEUE, *IDS)
        wanted = digests(one)
        dropping = one.drop(wanted[7:])
        assert next(dropping).done
        assert all(result.done for result in other.drop(wanted[:7]))
        assert all(result.done for result in dropping)
        assert not client.exists(QUEUE)


def test_on_rabbitmq_a_second_command_does_nothing_and_says_so(rabbit: RabbitServer) -> None:
    with (
        amqp_connection(rabbit) as connection,
        opened(rabbit.url) as one,
        opened(rabbit.url) as other,
    ):
        channel = connection.channel()
        for queue in (QUEUE, "mail"):
            declare(channel, queue)
            channel.queue_purge(queue)
        route = {"x-celery-probe-exchange": "", "x-celery-probe-routing-key": "mail"}
        for task_id in IDS:
            headers = {"task": "t", "id": task_id, **route}
            channel.basic_publish(amqp.Message(b"", application_headers=headers), routing_key=QUEUE)
        wanted = digests(one)
        replaying = one.replay(wanted, None)
        assert next(replaying).done
        for refused in (
            lambda: other.read(100),
            lambda: list(other.replay(wanted, None)),
            lambda: list(other.drop(wanted)),
        ):
            with pytest.raises(
                DeadLetterError, match=f"Another program is using the dead-letter queue {QUEUE}"
            ):
                refused()
        assert [result.done for result in replaying] == [True] * (len(IDS) - 1)
        assert lengths(channel, QUEUE, "mail") == [0, len(IDS)]
        assert digests(other) == []
        found = [channel.basic_get("mail", no_ack=True).headers["id"] for _ in IDS]
        assert found == IDS
        channel.queue_delete("mail")
