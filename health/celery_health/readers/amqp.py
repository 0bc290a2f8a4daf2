"""RabbitMQ and whatever else speaks AMQP 0-9-1: the blocking client, kept out of the event loop."""

from collections.abc import Sequence

from celery_health.broker import BrokerReading
from celery_health.readers import failures
from celery_health.readers.amqp_session import AmqpSession
from celery_health.readers.one_thread import OneThread
from celery_health.urls import BrokerUrl


class AmqpReader:
    """At most one thread a reader: while one hangs, looks are answered without starting another."""

    def __init__(self, url: BrokerUrl) -> None:
        self._url = url
        self._session = AmqpSession(url)
        self._thread: OneThread[BrokerReading] = OneThread()

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Count the queues in a thread, one exchange a queue."""
        names = tuple(queues)
        try:
            return await self._thread.run(lambda: self._session.read(names))
        except TimeoutError:
            return failures.timed_out(self._url).reading(self._url, names)

    async def close(self) -> None:
        """Give back the connection; a thread that still hangs gives it back when it ends."""
        self._thread.finally_run(self._session.close)
