"""Deaths that the workers of an application announce to each other, over the broker.

The fanout exchange has the name of the dead-letter queue in it: an application that shares the broker, and
has another dead-letter queue or none, gets no announcement.
"""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from typing import Any, Callable, Iterable, Mapping

from kombu import Exchange, Producer

from celery_probe.agent import contract
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker.own_connection import own_connection

# Of such names, no reader of brokers takes the queues for queues of tasks.
SUFFIX = ".pidbox"
# The host's name comes before it, and RabbitMQ allows 255 bytes.
LONGEST_BYTES = 100


class ListenRefusedError(Exception):
    """Redis refuses the user what is needed to receive. ``command`` is the one that allows it."""

    def __init__(self, command: str) -> None:
        super().__init__(command)
        self.command = command


class Announcements:
    """Sends and receives. ``receive`` gets what another worker, or this one, has sent."""

    def __init__(
        self, app: Any, dead_letter_queue: str, receive: Callable[[Any], None], errors: ErrorLog
    ) -> None:
        namespace = short(dead_letter_queue)
        self._exchange = Exchange(namespace + SUFFIX, type="fanout", durable=False, delivery_mode="transient")
        # With the settings of remote control: whether its queues are exclusive, and when they expire.
        self._mailbox = copy(app.control.mailbox)
        self._mailbox.namespace = namespace
        self._mailbox.exchange = self._exchange
        self._receive = receive
        self._errors = errors
        self._channel: Any = None

    def listen(self, consumer: Any) -> None:
        """Receive with the connection of this consumer. Raises what the broker's client raises.

        Raises:
            ListenRefusedError: Redis refuses it. kombu would subscribe later, and the refusal would end the
                worker.
        """
        if consumer.connection.transport.driver_type == "redis":
            command = ""
            # Any other error, such as an answer that is late, is no refusal.
            with suppress(Exception):
                command = self._missing_rights(consumer)
            if command:
                raise ListenRefusedError(command)
        self._channel = consumer.connection.channel()
        self._listener(consumer.hostname, self._channel).consume()

    def _listener(self, hostname: str, channel: Any) -> Any:
        node = self._mailbox.Node(hostname, channel=channel)
        return node.Consumer(callbacks=[self._on_message], on_decode_error=self._on_decode_error)

    def _missing_rights(self, consumer: Any) -> str:
        """Do what kombu will do, on a connection of its own. Returns the command that allows it, or ""."""
        with own_connection(consumer) as (transport, connection):
            channel = transport.create_channel(connection)
            try:
                (queue,) = self._listener(consumer.hostname, channel).queues
                subscription = channel._create_client().pubsub()
                subscription.psubscribe(channel._get_subscribe_topic(queue.name))
                subscription.parse_response()
            except Exception as error:
                if type(error).__name__ != "NoPermissionError":
                    raise
                return f"ACL SETUSER {consumer.connection.userid or 'default'} {self._rights(channel)}"
        return ""

    def _rights(self, channel: Any) -> str:
        """The keys and the channel of Redis, as ACL SETUSER takes them.

        The keys are those of the exchange's bindings, and of the queue of each worker with its priorities:
        nothing is ever in these queues, and kombu asks for their lengths and deletes them.
        """
        prefix, exchange = channel.global_keyprefix, self._exchange.name
        return f"'~{prefix}*.{exchange}*' '&{prefix}{channel._get_publish_topic(exchange, '')}'"

    def stop(self) -> None:
        """The connection is lost or the worker stops."""
        channel, self._channel = self._channel, None
        if channel is not None:
            # Its connection may be broken.
            with suppress(Exception):
                channel.close()

    def send(self, consumer: Any, messages: Iterable[Mapping[str, Any]]) -> None:
        """Announce deaths, with one message for each entry. Raises what the broker's client raises.

        Celery's own ``broadcast`` would try again without end while the broker is away, and the loop waits.
        """
        with own_connection(consumer) as (transport, connection):
            producer = Producer(transport.create_channel(connection), auto_declare=False)
            for deaths in messages:
                producer.publish(
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


def short(queue: str) -> str:
    """The name, or a digest of a long one."""
    return queue if len(queue.encode()) <= LONGEST_BYTES else contract.digest(queue)
