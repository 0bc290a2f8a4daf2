"""Receives from RabbitMQ, through a queue of its own that is bound to the event exchange.

The queue is exclusive: it ends with the connection, so a monitor that stopped costs the broker nothing. Where
the server refuses such a queue, it is a quorum queue that expires.
"""

import asyncio
import uuid
from collections.abc import Mapping
from types import MappingProxyType

import amqp

from celery_health.readers.rabbitmq.connection import amqp_reachability
from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS
from celery_health.readers.tls import amqp_context
from celery_health.urls import BrokerUrl
from celery_monitor.events.receivers.amqp_consumer import HEARTBEAT_SECONDS, AmqpConsumer
from celery_monitor.events.receivers.purpose import EVENTS, Purpose
from celery_monitor.events.receivers.reconnect import ReconnectingReceiver
from celery_monitor.events.receivers.stream import until_lost

# In the queue, which is empty as long as the monitor reads.
_MAX_MESSAGES = 100_000
_MAX_QUEUE_BYTES = 64 * 1024 * 1024
_MESSAGE_SECONDS = 10
_UNUSED_SECONDS = 60
_LIMITS: Mapping[str, object] = MappingProxyType(
    {
        "x-max-length": _MAX_MESSAGES,
        "x-max-length-bytes": _MAX_QUEUE_BYTES,
        "x-overflow": "drop-head",
        "x-message-ttl": _MESSAGE_SECONDS * 1000,
        "x-expires": _UNUSED_SECONDS * 1000,
    }
)


class RabbitReceiver(ReconnectingReceiver):
    """RabbitMQ and other AMQP 0-9-1 brokers. ``exchange`` is the application's ``event_exchange``."""

    envelopes = False

    def __init__(
        self,
        url: BrokerUrl,
        exchange: str = "celeryev",
        purpose: Purpose = EVENTS,
        *,
        quorum: bool = False,
    ) -> None:
        super().__init__([url, *url.alternates], purpose)
        self._exchange = exchange
        # kombu's prefix: readers of queues know by it that this is not a queue of tasks.
        self.queue = f"celeryev.monitor.{uuid.uuid4().hex[:12]}"
        self._quorum = quorum
        self._declares_exchange = True

    async def _receive(self, url: BrokerUrl) -> None:
        consumer = AmqpConsumer(self._deliver)
        heartbeats: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(CONNECT_SECONDS + READ_SECONDS):
                loop = asyncio.get_running_loop()
                context = amqp_context(url) if url.tls else None
                await loop.create_connection(lambda: consumer, url.host, url.port or 5672, ssl=context)
                await consumer.login(url.username or "guest", url.password or "guest", url.vhost or "/")
                await self._consume(consumer)
            self._note_connected(url)
            heartbeats = asyncio.create_task(_send_heartbeats(consumer))
            raise await until_lost(consumer, HEARTBEAT_SECONDS, consumer.heartbeat)
        finally:
            if heartbeats is not None:
                heartbeats.cancel()
            consumer.close()

    async def _consume(self, consumer: AmqpConsumer) -> None:
        try:
            await consumer.declare_exchange(
                self._exchange,
                self._purpose.exchange_type,
                durable=self._purpose.durable,
                passive=not self._declares_exchange,
            )
        except (amqp.PreconditionFailed, amqp.AccessRefused):
            self._declares_exchange = False  # another connection then finds it as it is
            raise
        kind = "quorum" if self._quorum else "classic"
        try:
            await consumer.consume(
                self.queue,
                self._exchange,
                {**_LIMITS, "x-queue-type": kind},
                exclusive=not self._quorum,
            )
        except (amqp.PreconditionFailed, amqp.AMQPNotImplementedError, amqp.InternalError):
            self._quorum = not self._quorum
            raise

    def _meaning(self, error: Exception, url: BrokerUrl) -> str:
        return amqp_reachability(error, url).message


async def _send_heartbeats(consumer: AmqpConsumer) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS / 2)
        consumer.heartbeat()
