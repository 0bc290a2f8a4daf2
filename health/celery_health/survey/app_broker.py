"""The broker as the application itself reaches it: with its own login, certificates and transport."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.broker_ping import ping_broker
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import CONNECT_SECONDS, TOTAL_SECONDS
from celery_health.survey.app_connection import AppConnection
from celery_health.threads import SingleThread, run_in_thread

UNCLEAR = frozenset(
    {
        BrokerReason.AUTHENTICATION_FAILED,
        BrokerReason.NOT_PERMITTED,
        BrokerReason.TLS_FAILED,
        BrokerReason.URL_INVALID,
        BrokerReason.UNSUPPORTED_KIND,
        BrokerReason.ERROR,
    }
)
"""Reasons that may concern this program's connection alone: the application's own may still work."""


def is_unclear(reading: BrokerReading) -> bool:
    """Whether the application's own connection may do better. A server that shows its memory has answered."""
    return reading.reachable is not True and reading.reason in UNCLEAR and reading.memory is None


# The kinds of kombu's transports that connect to a server, and that count a queue without changing it.
_COUNTED = frozenset({"redis", "amqp"})


class AppBrokerReader:
    """Reads queues through the application's own kombu connection, where a reader of ours cannot connect.

    ``instead_of``: the reading of that reader, which stays valid unless the application's connection works.
    """

    def __init__(self, connection: AppConnection, instead_of: BrokerReading) -> None:
        self._connection = connection
        self._instead_of = instead_of
        self._thread: SingleThread[BrokerReading] = SingleThread(TOTAL_SECONDS)

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """Connect, and count the messages of the queues."""
        names = tuple(dict.fromkeys(queues))
        failed = replace(self._instead_of, queues=tuple(QueueReading(name, None) for name in names))
        try:
            return await self._thread.run(lambda: self._read(names) or failed)
        except TimeoutError:
            return failed

    async def close(self) -> None:
        """Nothing to close: no connection is kept."""

    def _read(self, names: Sequence[str]) -> BrokerReading | None:
        url = self._connection.broker
        try:
            with self._connection.celery().connection_for_read(connect_timeout=CONNECT_SECONDS) as opened:
                if opened.transport.driver_type not in _COUNTED:
                    return None
                opened.connect()
                counted = tuple(_counted(opened, name) for name in names)
        except Exception:  # any error of any transport: the reading of our own reader says more
            return None
        message = f"{url.address} answers the application's own connection."
        result = Reachability(BrokerReason.REACHABLE, message, reachable=True)
        return replace(result.reading(url), queues=counted)


async def write_failure(connection: AppConnection, seconds: float) -> BrokerReading | None:
    """Why the application cannot send within ``seconds``, where it does not send to the broker it reads from.

    None where nothing shows that.
    """
    url = connection.write_broker
    if url is None:
        return None
    end = time.monotonic() + seconds
    reading = await ping_broker(url, seconds)
    if reading.reachable is not False:
        return None
    if is_unclear(reading) and await _opens(connection.celery().connection_for_write, end - time.monotonic()):
        return None
    both = f"The workers send to this URL, and read from {connection.broker.address}."
    return replace(reading, message=f"{reading.message} {both}")


async def _opens(connection: Callable[..., Any], seconds: float) -> bool:
    def connect() -> None:
        with connection(connect_timeout=CONNECT_SECONDS) as opened:
            opened.connect()

    try:
        await run_in_thread(connect, seconds)
    except Exception:  # any error of any transport: the reading of our own reader says more
        return False
    return True


async def result_backend_through_app(
    connection: AppConnection, instead_of: BrokerReading, seconds: float
) -> BrokerReading:
    """The result backend as the application reaches it within ``seconds``, where a reader of ours cannot.

    ``instead_of`` stays valid unless the application's connection works.
    """
    url = connection.result_backend
    if url is None or not url.kind.is_redis or not is_unclear(instead_of):
        return instead_of

    try:
        await run_in_thread(lambda: ping_redis_results(connection.celery()), seconds)
    except Exception:  # any error of any client: the reading of our own reader says more
        return instead_of
    message = f"{url.address} answers the application's own connection."
    return Reachability(BrokerReason.REACHABLE, message, reachable=True).reading(url)


def ping_redis_results(app: Any) -> None:
    """Ping Redis through the application's own result backend, and keep no connection. It blocks."""
    client = app.backend.client
    try:
        client.ping()
    finally:
        client.connection_pool.disconnect()


def _counted(connection: Any, name: str) -> QueueReading:
    channel = connection.channel()
    try:
        answer = channel.queue_declare(queue=name, passive=True)
    except Exception as error:
        code = str(getattr(error, "reply_code", ""))
        # Of Redis, kombu says so of each empty queue.
        if code == "404":
            return QueueReading(name, 0)
        if code == "405":
            return QueueReading(name, None, exists=True, exclusive=True)
        raise
    channel.close()
    consumers = answer.consumer_count if connection.transport.driver_type == "amqp" else None
    return QueueReading(name, answer.message_count, consumers=consumers)
