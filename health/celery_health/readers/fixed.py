"""The reader of a broker that cannot be read: the same reading each time."""

from collections.abc import Sequence
from dataclasses import replace

from celery_health.broker import BrokerReading, QueueReading


class FixedReader:
    """Returns one reading, with the length of each queue unknown."""

    def __init__(self, reading: BrokerReading) -> None:
        self._reading = reading

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """The reading. No connection is made."""
        return replace(self._reading, queues=tuple(QueueReading(name, None) for name in queues))

    async def close(self) -> None:
        """Nothing to close."""
