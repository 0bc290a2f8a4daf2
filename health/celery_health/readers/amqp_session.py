"""One blocking AMQP connection that counts queues: runs in a thread, never in the event loop."""

import time
from collections.abc import Sequence
from typing import Any

import amqp

from celery_health.broker import BrokerReading, BrokerReason, QueueReading
from celery_health.readers import failures
from celery_health.readers.failures import Failure
from celery_health.readers.limits import CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS
from celery_health.readers.tls import amqp_options
from celery_health.urls import BrokerUrl


class AmqpSession:
    """Keeps its connection between looks. Without heartbeats: a dead one shows at the next look."""

    def __init__(self, url: BrokerUrl) -> None:
        self._url = url
        self._connection: Any = None
        self._channel: Any = None

    def read(self, queues: Sequence[str]) -> BrokerReading:
        """Count the queues; a kept connection that has died is replaced once."""
        names = tuple(dict.fromkeys(queues))
        deadline = time.monotonic() + TOTAL_SECONDS
        try:
            return self._reading(self._count_all(names, deadline))
        except Exception as error:  # whatever a server sends that is no AMQP must not end the reader
            self.close()
            return _failure(error, self._url).reading(self._url, names)

    def close(self) -> None:
        """Drop the connection without a word: a farewell would wait for the server's answer."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.collect()

    def _count_all(self, names: Sequence[str], deadline: float) -> list[tuple[QueueReading, bool]]:
        kept = self._connection is not None
        try:
            return [self._count(name, deadline) for name in names] if names else self._touch()
        except TimeoutError:
            raise
        except (amqp.ConnectionError, OSError):
            if not kept:
                raise
        self.close()
        return [self._count(name, deadline) for name in names] if names else self._touch()

    def _touch(self) -> list[tuple[QueueReading, bool]]:
        """Without a queue to ask for, a new channel proves that the server answers."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._open_channel()
        return []

    def _count(self, name: str, deadline: float) -> tuple[QueueReading, bool]:
        """The queue, and whether we were refused it. A refusal closes the channel, not the connection."""
        if time.monotonic() > deadline:
            raise TimeoutError
        channel = self._open_channel()
        try:
            answer = channel.queue_declare(queue=name, passive=True)
        except amqp.NotFound:
            self._channel = None
            return QueueReading(name, 0, exists=False, consumers=0), False
        except amqp.ChannelError as error:
            self._channel = None
            return QueueReading(name, None), isinstance(error, amqp.AccessRefused)
        return QueueReading(name, answer.message_count, exists=True, consumers=answer.consumer_count), False

    def _open_channel(self) -> Any:
        if self._connection is None:
            self._connection = self._connected()
        if self._channel is None:
            self._channel = self._connection.channel()
        return self._channel

    def _connected(self) -> Any:
        url = self._url
        connection = amqp.Connection(
            host=f"[{url.host}]:{url.port}" if ":" in url.host else f"{url.host}:{url.port}",
            userid=url.username or "guest",
            password=url.password or "guest",
            virtual_host=url.vhost or "/",
            login_method="PLAIN",
            ssl=amqp_options(url) if url.tls else False,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            write_timeout=READ_SECONDS,
            heartbeat=0,
            client_properties={"connection_name": "celery-operator"},
        )
        try:
            connection.connect()
        except BaseException:
            connection.collect()
            raise
        return connection

    def _reading(self, counted: list[tuple[QueueReading, bool]]) -> BrokerReading:
        refused = [queue.name for queue, is_refused in counted if is_refused]
        reason, message = BrokerReason.REACHABLE, f"{self._url.address} answers."
        if refused:
            reason = BrokerReason.NOT_PERMITTED
            message = (
                f"{self._url.address} lets its user in but not count queue {refused[0]}: "
                "allow it to read the queue."
            )
        return BrokerReading(
            kind=self._url.kind.value,
            address=self._url.address,
            reachable=True,
            reason=reason,
            message=message,
            queues=tuple(queue for queue, _ in counted),
        )


def _failure(error: BaseException, url: BrokerUrl) -> Failure:
    """What an exception of py-amqp means."""
    if isinstance(error, amqp.AccessRefused):
        return failures.authentication_failed(url)
    if isinstance(error, amqp.NotAllowed):
        if "limit" in str(error):
            return failures.too_many_connections(url)
        return Failure(
            BrokerReason.NOT_PERMITTED,
            f"{url.address} has no such virtual host, or does not let its user in there: correct the URL's "
            "path or the user's permissions.",
        )
    if failure := failures.of_connection(error, url):
        return failure
    if isinstance(error, OSError):
        return failures.connection_closed(url)
    return failures.other(url, getattr(error, "reply_text", "") or error)
