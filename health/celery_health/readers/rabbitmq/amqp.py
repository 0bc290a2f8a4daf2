"""The reader of RabbitMQ and other AMQP 0-9-1 brokers. Its client blocks, so it runs in a thread."""

from collections.abc import Sequence

from celery_health.broker import BrokerReading
from celery_health.readers import reachability
from celery_health.readers.access import ANYWHERE, Access
from celery_health.readers.rabbitmq.amqp_session import AmqpSession
from celery_health.readers.timeouts import TOTAL_SECONDS
from celery_health.threads import SingleThread
from celery_health.urls import BrokerUrl


class AmqpReader:
    """Uses at most one thread. While it hangs, each read is answered with a timeout."""

    def __init__(self, url: BrokerUrl, access: Access = ANYWHERE) -> None:
        self._url = url
        self._session = AmqpSession(url, access)
        self._thread: SingleThread[BrokerReading] = SingleThread(TOTAL_SECONDS)

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Count the messages and consumers of the queues, with one request for each queue."""
        names = tuple(queues)
        try:
            return await self._thread.run(lambda: self._session.read(names))
        except TimeoutError:
            return reachability.timed_out(self._url).reading(self._url, names)

    async def close(self) -> None:
        """Close the connection. While the thread hangs, the connection is closed when the thread ends."""
        self._thread.run_at_end(self._session.close)
