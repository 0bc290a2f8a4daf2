"""Failover URLs (``amqp://a;amqp://b``): the first broker that answers is used."""

import asyncio
from collections.abc import Sequence

from celery_health.broker import BrokerReader, BrokerReading
from celery_health.readers.timeouts import TOTAL_SECONDS


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
