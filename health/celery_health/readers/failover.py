"""Failover URLs (``amqp://a;amqp://b``): the first broker that answers is used."""

import asyncio
from collections.abc import Sequence

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.broker_url import BrokerKind
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.timeouts import TOTAL_SECONDS

# A worker on RabbitMQ ends when its login is refused, and does not try the next URL. On Redis it does.
_END_OF_A_WORKER = frozenset({BrokerReason.AUTHENTICATION_FAILED, BrokerReason.NOT_PERMITTED})
_AMQP = frozenset({BrokerKind.AMQP.value, BrokerKind.AMQPS.value})


def ends_failover(reading: BrokerReading) -> bool:
    """Whether a worker with this broker tries no other."""
    return reading.reachable is False and reading.reason in _END_OF_A_WORKER and reading.kind in _AMQP


class FailoverReader:
    """Uses the reader that answered last, and tries the others in order when that one no longer does."""

    def __init__(self, readers: Sequence[BrokerReader]) -> None:
        self._readers = list(readers)

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """The reading of the first broker that is reachable, or else of the first one tried."""
        deadline = asyncio.get_running_loop().time() + TOTAL_SECONDS
        first: BrokerReading | None = None
        for reader in tuple(self._readers):
            left = deadline - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(None if first is None else left):
                    reading = await reader.read(queues)
            except TimeoutError:
                break
            if ends_failover(reading):
                return reading
            if reading.reachable is not False:
                self._readers.remove(reader)
                self._readers.insert(0, reader)
                return reading
            first = first or reading
        assert first is not None
        return first

    async def close(self) -> None:
        """Close all connections."""
        for reader in self._readers:
            await reader.close()
