"""A RabbitMQ read both ways: AMQP says whether it can be used, the management API what AMQP does not tell."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from celery_health.broker import BrokerReader, BrokerReading, BrokerReason, QueueReading


class ManagedReader:
    """AMQP's reading with the other's additions. A management API that is away takes nothing from it."""

    def __init__(self, amqp: BrokerReader, management: BrokerReader) -> None:
        self._amqp = amqp
        self._management = management

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Both looks at once, each within its own timeouts."""
        reading, managed = await asyncio.gather(self._amqp.read(queues), self._management.read(queues))
        if reading.reachable is not True:
            return reading
        if managed.reachable is not True and managed.reason is not BrokerReason.ALARM:
            return replace(reading, message=f"{reading.message} {managed.message}")
        joined = replace(
            reading,
            queues=tuple(map(_joined, reading.queues, managed.queues)),
            other_queues=managed.other_queues,
        )
        if managed.reason is not BrokerReason.ALARM:
            return joined
        return replace(joined, reachable=False, reason=managed.reason, message=managed.message)

    async def close(self) -> None:
        """Give back both connections."""
        await self._amqp.close()
        await self._management.close()


def _joined(queue: QueueReading, managed: QueueReading) -> QueueReading:
    """AMQP counts now, the management API some seconds ago: from it only what the other lacks."""
    if queue.ready is None:
        return managed
    return replace(queue, unacked=managed.unacked)
