"""One blocking AMQP connection that counts the messages and consumers of queues."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import amqp

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.access import ANYWHERE, Access
from celery_health.readers.budget import Budget
from celery_health.readers.rabbitmq.connection import amqp_reachability, connected
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import TOTAL_SECONDS
from celery_health.readers.tls_port import or_speaks_tls
from celery_health.urls import BrokerUrl

_BYTES, _STEPS = 1024, 15
"""What the answers about one queue take in: about 300 bytes, or twice as much with a refusal."""


class AmqpSession:
    """Keeps its connection between reads. It sends no heartbeats: the next read finds out that it is dead."""

    def __init__(self, url: BrokerUrl, access: Access = ANYWHERE) -> None:
        self._url = url
        self._access = access
        self._budget = Budget()
        self._connection: Any = None
        self._channel: Any = None

    def read(self, queues: Sequence[str]) -> BrokerReading:
        """Count messages and consumers of the queues. A kept connection that has died is replaced once."""
        names = tuple(dict.fromkeys(queues))
        deadline = time.monotonic() + TOTAL_SECONDS
        try:
            return self._reading(self._count_all(names, deadline))
        except Exception as error:  # any answer of any server is a reading, never the end of the reader
            self.close()
            result = or_speaks_tls(amqp_reachability(error, self._url), self._url, self._access)
            return result.reading(self._url, names)

    def close(self) -> None:
        """Drop the connection. AMQP's own close would wait for the server's answer."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.collect()

    def _count_all(self, names: Sequence[str], deadline: float) -> list[tuple[QueueReading, bool]]:
        kept = self._connection is not None
        self._budget.begin(_BYTES * len(names), _STEPS * len(names))
        try:
            return [self._count(name, deadline) for name in names] if names else self._ping()
        except TimeoutError:
            raise
        except (amqp.ConnectionError, OSError):
            if not kept:
                raise
        self.close()
        return [self._count(name, deadline) for name in names] if names else self._ping()

    def _ping(self) -> list[tuple[QueueReading, bool]]:
        """Without a queue to count, a new channel proves that the server answers."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._open_channel()
        return []

    def _count(self, name: str, deadline: float) -> tuple[QueueReading, bool]:
        """The queue, and whether the user may not read it. A refusal closes only the channel."""
        if time.monotonic() > deadline:
            raise TimeoutError
        channel = self._open_channel()
        try:
            answer = channel.queue_declare(queue=name, passive=True)
        except amqp.NotFound:
            self._channel = None
            return QueueReading(name, 0, exists=False, consumers=0), False
        except amqp.ResourceLocked:
            self._channel = None
            return QueueReading(name, None, exists=True, exclusive=True), False
        except amqp.ChannelError as error:
            self._channel = None
            return QueueReading(name, None), isinstance(error, amqp.AccessRefused)
        return QueueReading(name, answer.message_count, exists=True, consumers=answer.consumer_count), False

    def _open_channel(self) -> Any:
        if self._connection is None:
            self._connection = connected(self._url, self._budget, self._access)
        if self._channel is None:
            self._channel = self._connection.channel()
        return self._channel

    def _reading(self, counted: list[tuple[QueueReading, bool]]) -> BrokerReading:
        refused = [queue.name for queue, is_refused in counted if is_refused]
        result = reachability.reachable(self._url)
        if refused:
            result = Reachability(
                BrokerReason.NOT_PERMITTED,
                f"{self._url.address} accepts the login but does not let the user read queue {refused[0]}: "
                "give the user the read permission.",
                reachable=True,
            )
        return replace(result.reading(self._url), queues=tuple(queue for queue, _ in counted))
