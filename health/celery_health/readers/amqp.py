"""RabbitMQ and whatever else speaks AMQP 0-9-1: the blocking client, kept out of the event loop."""

import asyncio
from collections.abc import Sequence

from celery_health.broker import BrokerReading
from celery_health.readers import failures
from celery_health.readers.amqp_session import AmqpSession
from celery_health.readers.limits import TOTAL_SECONDS
from celery_health.urls import BrokerUrl


class AmqpReader:
    """At most one thread a reader: while one hangs, looks are answered without starting another."""

    def __init__(self, url: BrokerUrl) -> None:
        self._url = url
        self._session = AmqpSession(url)
        self._running: asyncio.Task[BrokerReading] | None = None

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Count the queues in a thread, one exchange a queue."""
        names = tuple(queues)
        if self._running is None:
            self._running = asyncio.create_task(asyncio.to_thread(self._session.read, names))
            self._running.add_done_callback(self._ended)
            done, _ = await asyncio.wait({self._running}, timeout=TOTAL_SECONDS)
            if done:
                return done.pop().result()
        return failures.timed_out(self._url).reading(self._url, names)

    async def close(self) -> None:
        """Give back the connection; a thread that still hangs gives it back when it ends."""
        if self._running is None:
            await asyncio.to_thread(self._session.close)
        else:
            self._running.add_done_callback(lambda _: self._session.close())

    def _ended(self, _: asyncio.Task[BrokerReading]) -> None:
        self._running = None
