"""The reader of what cannot be read: it says the same each time."""

from collections.abc import Sequence
from dataclasses import replace

from celery_health.broker import BrokerReading, QueueReading


class FixedReader:
    """Gives one reading, with the queues asked for and nothing known of them."""

    def __init__(self, reading: BrokerReading) -> None:
        self._reading = reading

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """The reading; no connection is made."""
        return replace(self._reading, queues=tuple(QueueReading(name, None) for name in queues))

    async def close(self) -> None:
        """Nothing to give back."""
