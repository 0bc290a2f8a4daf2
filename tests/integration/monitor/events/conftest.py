"""A receiver at work, and an application that sends events as Celery does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from celery import Celery
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for_async

from celery_monitor.events.decode import Decoder
from celery_monitor.events.receivers import Receiver


class Inbox:
    """What a running receiver has delivered."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.uuids: list[str] = []
        decoder = Decoder()
        self._decode = decoder.envelope if receiver.envelopes else decoder.body

    def take(self, messages: Sequence[bytes], received: float) -> None:
        self.uuids += [event.uuid or "" for message in messages for event in self._decode(message)]

    async def until_connected(self, seconds: float = 30) -> None:
        await wait_for_async(self._connected, seconds, lambda: self.receiver.error)

    async def until_received(self, *uuids: str, seconds: float = 30) -> None:
        async def all_came() -> bool:
            return set(uuids) <= set(self.uuids)

        await wait_for_async(all_came, seconds, lambda: (self.receiver.error, self.uuids))

    async def _connected(self) -> bool:
        return self.receiver.connected


@asynccontextmanager
async def running(receiver: Receiver) -> AsyncIterator[Inbox]:
    """A receiver that runs, and is connected, until the block ends."""
    inbox = Inbox(receiver)
    task = asyncio.create_task(receiver.run(inbox.take))
    try:
        yield inbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def send(url: str, *uuids: str, options: dict[str, Any] | None = None, ssl: Any = None) -> None:
    """Send a task event for each uuid, in the way of a worker without an event loop: one message each."""
    with _dispatcher(url, options, ssl) as dispatcher:
        for uuid in uuids:
            dispatcher.send("task-started", uuid=uuid)


def send_batch(url: str, *uuids: str) -> None:
    """Send the events in one message, as a worker with an event loop does."""
    with _dispatcher(url, None, None, buffer_group=["task"]) as dispatcher:
        for uuid in uuids:
            dispatcher.send("task-started", uuid=uuid)
        dispatcher.flush()


@contextmanager
def _dispatcher(url: str, options: dict[str, Any] | None, ssl: Any, **more: Any) -> Iterator[Any]:
    app = Celery(broker=url, set_as_current=False)
    app.conf.update(broker_transport_options=options or {}, broker_use_ssl=ssl)
    with app.connection_for_write() as connection:
        yield app.events.Dispatcher(connection, hostname="celery@w1", **more)
    app.close()


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until the condition holds, while the receiver runs."""

    async def holds() -> bool:
        return condition()

    await wait_for_async(holds, seconds)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), password="secret") as server:
        yield server
