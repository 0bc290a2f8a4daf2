"""Failover URLs (``amqp://a;amqp://b``): the first broker that answers is the one."""

import asyncio
from collections.abc import Sequence

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.readers.limits import TOTAL_SECONDS


class FailoverReader:
    """Stays with the reader that answered last and goes round when it no longer does."""

    def __init__(self, readers: Sequence[BrokerReader]) -> None:
        self._readers = list(readers)

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """The reading of the first that is reachable, or of the first of all within the time of one read."""
        deadline = asyncio.get_running_loop().time() + TOTAL_SECONDS
        first: BrokerReading | None = None
        for reader in tuple(self._readers):
            left = deadline - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(None if first is None else left):
                    reading = await reader.read(queues)
            except TimeoutError:
                break
            if reading.reachable is not False:
                self._readers.remove(reader)
                self._readers.insert(0, reader)
                return reading
            first = first or reading
        assert first is not None
        return first

    async def close(self) -> None:
        """Give back all connections."""
        for reader in self._readers:
            await reader.close()
