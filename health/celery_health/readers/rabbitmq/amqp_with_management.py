"""RabbitMQ read over AMQP, which shows whether it can be used, and its management API, which adds details."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from celery_health.broker import BrokerReader, BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason


class AmqpWithManagementReader:
    """AMQP's reading with the additions of the management API. It stays valid when the API is down."""

    def __init__(self, amqp: BrokerReader, management: BrokerReader) -> None:
        self._amqp = amqp
        self._management = management

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Both readings, taken at the same time, each within its own timeouts."""
        amqp, management = await asyncio.gather(self._amqp.read(queues), self._management.read(queues))
        if amqp.reachable is not True:
            return amqp
        if management.reachable is not True and management.reason is not BrokerReason.ALARM:
            message = f"{amqp.message} {management.message}"
            return replace(amqp, message=message, failed_addition=management.message)
        joined = replace(
            amqp,
            queues=tuple(map(_joined, amqp.queues, management.queues)),
            other_queues=management.other_queues,
            found=management.found,
        )
        if management.reason is not BrokerReason.ALARM:
            return joined
        return replace(joined, reachable=False, reason=management.reason, message=management.message)

    async def close(self) -> None:
        """Close both connections."""
        await self._amqp.close()
        await self._management.close()


def _joined(amqp: QueueReading, management: QueueReading) -> QueueReading:
    """AMQP counts now; the API's numbers are some seconds old and only fill in what AMQP lacks."""
    return (
        management
        if amqp.ready is None
        else replace(
            amqp, unacked=management.unacked, in_rate=management.in_rate, out_rate=management.out_rate
        )
    )
