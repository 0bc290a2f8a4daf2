"""A broker that comes and goes, and messages that no Celery sends: counted and skipped, and nothing stops."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from kombu import Connection, Exchange, Producer
from redis import Redis
from tools.testbed.servers import RabbitServer, RedisServer, redis_server

from celery_monitor.events.decode import MAX_MESSAGE_BYTES
from celery_monitor.events.intake import Intake
from celery_monitor.events.merge import Merger
from celery_monitor.events.receivers.opening import open_receiver
from tests.integration.monitor.events.conftest import running, send, until

GOOD = {"type": "task-started", "hostname": "celery@w1", "timestamp": 1_800_000_000.0, "clock": 1, "pid": 1}
HOSTILE = (
    b"",
    b"\x00\xff\xfe",
    b"{",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"x" * (MAX_MESSAGE_BYTES + 1),
    json.dumps([GOOD] * 10_001).encode(),
    json.dumps({"type": "task-started"}).encode(),
    json.dumps(GOOD | {"uuid": ["t"], "hostname": {}}).encode(),
    json.dumps([GOOD | {"uuid": "\x00"}, 7, None, "task-started"]).encode(),
    b"\x80\x04cposix\nsystem\n",
)
_FLAPS = 6


@asynccontextmanager
async def intake(url: str) -> AsyncIterator[Intake]:
    """A receiver and a merger at work."""
    found = Intake(open_receiver(url), Merger())
    task = asyncio.create_task(found.run())
    try:
        await until(lambda: found.receiver.connected)
        yield found
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _to_redis(redis: RedisServer) -> tuple[str, Callable[[bytes], object]]:
    url = redis.database(11)
    client = Redis.from_url(url)
    return url, lambda body: client.publish("/11.celeryev/task.started", body)


def _to_rabbit(rabbit: RabbitServer) -> tuple[str, Callable[[bytes], object]]:
    exchange = Exchange("celeryev", "topic", durable=True, auto_delete=False)

    def publish(body: bytes) -> None:
        with Connection(rabbit.url) as connection:
            producer = Producer(connection.channel(), exchange)
            producer.publish(
                body,
                "task.started",
                content_type="application/json",
                content_encoding="utf-8",
                serializer=None,
            )

    return rabbit.url, publish


@pytest.mark.parametrize(("broker", "to"), [("redis", _to_redis), ("rabbit", _to_rabbit)])
async def test_hostile_messages_are_counted_and_the_events_between_them_arrive(
    broker: str, to: Callable[..., tuple[str, Callable[[bytes], object]]], request: pytest.FixtureRequest
) -> None:
    url, publish = to(request.getfixturevalue(broker))
    async with intake(url) as found:
        merger = found.merger
        for number, body in enumerate(HOSTILE):
            await asyncio.to_thread(publish, body)
            await asyncio.to_thread(send, url, f"t{number}")
        await until(lambda: all(merger.get(f"t{number}") is not None for number in range(len(HOSTILE))))
        counters = merger.counters
        assert counters.events == len(HOSTILE)
        assert counters.messages == 2 * len(HOSTILE)
        assert counters.malformed + counters.oversized + counters.unsupported >= len(HOSTILE)
        assert found.receiver.connected


async def test_a_broker_that_comes_and_goes_is_subscribed_again_each_time(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as server:
        async with running(open_receiver(server.url)) as inbox:
            await inbox.until_connected()
            before = len(asyncio.all_tasks())
            for number in range(_FLAPS):
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
                if number % 2:
                    continue  # it goes again, whatever the receiver is doing now
                await inbox.until_connected()
                await asyncio.to_thread(send, server.url, f"t{number}")
                await inbox.until_received(f"t{number}")
            await until(lambda: not inbox.receiver.connected or bool(inbox.receiver.last_received))
            await inbox.until_connected()
            await until(lambda: _subscribers(server) == 1)
            await asyncio.to_thread(send, server.url, "last")
            await inbox.until_received("last")
            assert len(asyncio.all_tasks()) <= before


def _subscribers(server: RedisServer) -> int:
    with Redis(port=server.port) as client:
        return sum(one["sub"] != "0" for one in client.client_list())
