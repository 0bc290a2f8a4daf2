"""The receiver of RabbitMQ against a real server, with events that kombu publishes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import amqp
import pytest
from tools.testbed.servers import RabbitServer, rabbit_server

from celery_health.urls import parse
from celery_monitor.events.receivers.opening import open_receiver
from celery_monitor.events.receivers.rabbitmq import RabbitReceiver
from tests.integration.monitor.events.conftest import running, send, send_batch, until

BODY = b'{"type": "task-started", "uuid": "a", "hostname": "celery@w1", "timestamp": 1.0}'


@contextmanager
def connected(rabbit: RabbitServer) -> Iterator[Any]:
    """The test's own way in."""
    connection = amqp.Connection(host=f"127.0.0.1:{rabbit.port}", heartbeat=0)
    connection.connect()
    try:
        yield connection
    finally:
        connection.collect()


def exists(rabbit: RabbitServer, queue: str) -> bool:
    with connected(rabbit) as connection:
        try:
            connection.channel().queue_declare(queue, passive=True)
        except amqp.NotFound:
            return False
        except amqp.ResourceLocked:
            return True
    return True


@pytest.fixture
def own_rabbit(tmp_path: Path) -> Iterator[RabbitServer]:
    """A server that the test may freeze, stop and change."""
    with rabbit_server(tmp_path / "rabbit") as server:
        yield server


@pytest.mark.parametrize("quorum", [False, True])
async def test_events_arrive_alone_and_in_batches(rabbit: RabbitServer, quorum: bool) -> None:
    receiver = RabbitReceiver(parse(rabbit.url), quorum=quorum)
    async with running(receiver) as inbox:
        await inbox.until_connected()
        send(rabbit.url, "a", "b")
        send_batch(rabbit.url, *(f"c{number}" for number in range(3000)))
        await inbox.until_received("a", "b", "c0", "c2999")
        assert len(inbox.uuids) == 3002


async def test_the_exclusive_queue_ends_with_the_receiver(rabbit: RabbitServer) -> None:
    receiver = RabbitReceiver(parse(rabbit.url))
    async with running(receiver) as inbox:
        await inbox.until_connected()
    await until(lambda: not exists(rabbit, receiver.queue))


async def test_an_exchange_of_another_kind_is_used_as_it_is(own_rabbit: RabbitServer) -> None:
    with connected(own_rabbit) as connection:
        connection.channel().exchange_declare("celeryev", "fanout", durable=False, auto_delete=False)
        async with running(open_receiver(own_rabbit.url)) as inbox:
            await inbox.until_connected()
            connection.channel().basic_publish(amqp.Message(BODY), exchange="celeryev")
            await inbox.until_received("a")


async def test_a_restarted_server_is_consumed_again(own_rabbit: RabbitServer) -> None:
    async with running(open_receiver(own_rabbit.url)) as inbox:
        await inbox.until_connected()
        own_rabbit.kill()
        await until(lambda: not inbox.receiver.connected)
        own_rabbit.start()
        await inbox.until_connected(60)
        send(own_rabbit.url, "a")
        await inbox.until_received("a")


async def test_a_closed_connection_is_made_again(own_rabbit: RabbitServer) -> None:
    async with running(open_receiver(own_rabbit.url)) as inbox:
        await inbox.until_connected()
        # In a thread: meanwhile the receiver has to send heartbeats.
        closing = asyncio.create_task(asyncio.to_thread(own_rabbit.control, "close_all_connections", "test"))
        await until(lambda: not inbox.receiver.connected)
        assert "test" in str(inbox.receiver.error)
        await closing
        await inbox.until_connected()
        send(own_rabbit.url, "a")
        await inbox.until_received("a")


async def test_a_server_that_answers_no_more_is_noticed(
    own_rabbit: RabbitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rabbitmq", "amqp_consumer"):
        monkeypatch.setattr(f"celery_monitor.events.receivers.{module}.HEARTBEAT_SECONDS", 1)
    async with running(open_receiver(own_rabbit.url)) as inbox:
        await inbox.until_connected()
        own_rabbit.pause()
        await until(lambda: not inbox.receiver.connected)
        own_rabbit.resume()
        await inbox.until_connected()


async def test_a_wrong_password_is_a_sentence_without_it(rabbit: RabbitServer) -> None:
    async with running(open_receiver(f"amqp://guest:geheim@127.0.0.1:{rabbit.port}//")) as inbox:
        await until(lambda: "refuses the login" in str(inbox.receiver.error))
        assert "geheim" not in str(inbox.receiver.error)


async def test_a_virtual_host_that_does_not_exist_is_named(rabbit: RabbitServer) -> None:
    async with running(open_receiver(f"amqp://guest:guest@127.0.0.1:{rabbit.port}/missing")) as inbox:
        await until(lambda: "virtual host does not exist" in str(inbox.receiver.error))
