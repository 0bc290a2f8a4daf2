"""Deaths that the workers of an application announce to each other, over the broker.

The fanout exchange has the name of the dead-letter queue in it: an application that shares the broker, and
has another dead-letter queue or none, gets no announcement.
"""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from typing import Any, Callable, Mapping

from kombu import Exchange, Producer

from celery_probe.agent import contract
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker.own_connection import own_connection

# Of such names, no reader of brokers takes the queues for queues of tasks.
SUFFIX = ".pidbox"
# The host's name comes before it, and RabbitMQ allows 255 bytes.
LONGEST_BYTES = 100


class Announcements:
    """Sends and receives. ``receive`` gets what another worker, or this one, has sent."""

    def __init__(
        self, app: Any, dead_letter_queue: str, receive: Callable[[Any], None], errors: ErrorLog
    ) -> None:
        namespace = _short(dead_letter_queue)
        self._exchange = Exchange(namespace + SUFFIX, type="fanout", durable=False, delivery_mode="transient")
        # With the settings of remote control: whether its queues are exclusive, and when they expire.
        self._mailbox = copy(app.control.mailbox)
        self._mailbox.namespace = namespace
        self._mailbox.exchange = self._exchange
        self._receive = receive
        self._errors = errors
        self._channel: Any = None

    def listen(self, consumer: Any) -> None:
        """Receive with the connection of this consumer. Raises what the broker's client raises."""
        self._channel = consumer.connection.channel()
        node = self._mailbox.Node(consumer.hostname, channel=self._channel)
        listener = node.Consumer(callbacks=[self._on_message], on_decode_error=self._on_decode_error)
        listener.consume()

    def stop(self) -> None:
        """The connection is lost or the worker stops."""
        channel, self._channel = self._channel, None
        if channel is not None:
            # Its connection may be broken.
            with suppress(Exception):
                channel.close()

    def send(self, consumer: Any, deaths: Mapping[str, Any]) -> None:
        """Announce deaths. Raises what the broker's client raises.

        Celery's own ``broadcast`` would try again without end while the broker is away, and the loop waits.
        """
        with own_connection(consumer) as (transport, connection):
            Producer(transport.create_channel(connection), auto_declare=False).publish(
                {"deaths": deaths},
                exchange=self._exchange.name,
                declare=[self._exchange],
                serializer="json",
            )

    def _on_message(self, body: Any, _: Any) -> None:
        with self._errors.caught("announcement"):
            self._receive(body["deaths"])

    def _on_decode_error(self, _: Any, error: BaseException) -> None:
        self._errors.add("announcement", error)


def _short(queue: str) -> str:
    """The name, or a digest of a long one."""
    return queue if len(queue.encode()) <= LONGEST_BYTES else contract.digest(queue)
