"""Receives from Redis, where kombu publishes each message on a channel of the event exchange.

The connection only subscribes. It reads everything that has arrived at once, with hiredis, because the
client's own PubSub takes longer for a message than all that the monitor does with it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

import hiredis
from redis import exceptions

from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.redis.keys import glob_escaped
from celery_health.readers.redis.reachability import redis_reachability
from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS
from celery_health.readers.tls import redis_context
from celery_health.urls import BrokerKind, BrokerUrl
from celery_health.wire.names import MONITOR_CLIENT
from celery_monitor.events.receivers.purpose import EVENTS, Purpose
from celery_monitor.events.receivers.reconnect import ReconnectingReceiver
from celery_monitor.events.receivers.stream import Stream, StreamError, until_lost

CHECK_SECONDS = 5.0
# Redis itself disconnects a subscriber that is 32 MB behind.
_MAX_PARTIAL_BYTES = 64 * 1024 * 1024
_MESSAGES = frozenset({b"message", b"pmessage"})
_ERRORS: Mapping[str, type[exceptions.RedisError]] = MappingProxyType(
    {
        "NOAUTH": exceptions.AuthenticationError,
        "WRONGPASS": exceptions.AuthenticationError,
        "NOPERM": exceptions.NoPermissionError,
        "LOADING": exceptions.BusyLoadingError,
    }
)


@dataclass(frozen=True, slots=True)
class EventChannels:
    """Where kombu publishes: ``broker_transport_options`` and ``event_exchange`` of the application.

    ``fanout_prefix`` is empty where that option is off; ``{db}`` in it is the number of the database.
    """

    exchange: str = "celeryev"
    key_prefix: str = ""
    fanout_prefix: str = "/{db}."

    def channel(self, database: int) -> str:
        """The channel of messages without a routing key (``fanout_patterns`` off)."""
        return f"{self.key_prefix}{self.fanout_prefix.replace('{db}', str(database))}{self.exchange}"

    def pattern(self, database: int) -> str:
        """The pattern of the channels of all routing keys."""
        return f"{glob_escaped(self.channel(database))}/*"


class RedisReceiver(ReconnectingReceiver):
    """Redis, alone, behind TLS, behind Sentinel, or on a Unix socket (``url.path``)."""

    envelopes = True

    def __init__(
        self, url: BrokerUrl, channels: EventChannels | None = None, purpose: Purpose = EVENTS
    ) -> None:
        # The alternates of a Sentinel are other Sentinels of the same server.
        super().__init__([url] if url.kind is BrokerKind.SENTINEL else [url, *url.alternates], purpose)
        self._channels = channels or EventChannels()

    async def _receive(self, url: BrokerUrl) -> None:
        feed = _Feed(self._deliver)
        try:
            async with asyncio.timeout(CONNECT_SECONDS + READ_SECONDS):
                await _connect(url, feed)
                await self._subscribe(url, feed)
            self._note_connected(url)
            raise await until_lost(feed, CHECK_SECONDS, feed.ping)
        finally:
            feed.close()

    async def _subscribe(self, url: BrokerUrl, feed: "_Feed") -> None:
        if url.password:
            await feed.command("AUTH", *([url.username] if url.username else []), url.password)
        database = url.database or 0
        channel = self._channels.channel(database)
        with suppress(exceptions.RedisError):  # a user of few rights may not name its connection
            await feed.command("CLIENT", "SETNAME", MONITOR_CLIENT + channel)
        await feed.command("SUBSCRIBE", channel)
        await feed.command("PSUBSCRIBE", self._channels.pattern(database))

    def _meaning(self, error: Exception, url: BrokerUrl) -> str:
        if isinstance(error, exceptions.NoPermissionError):
            return (
                f"{url.address} accepts the login but does not let the user subscribe to "
                f"{self._purpose.what}: allow &{self._channels.channel(url.database or 0)}* and +@pubsub."
            )
        return redis_reachability(error, url).message


async def _connect(url: BrokerUrl, feed: "_Feed") -> None:
    loop = asyncio.get_running_loop()
    if url.path:
        await loop.create_unix_connection(lambda: feed, url.path)
        return
    host, port = await _address(url)
    context = redis_context(url, None) if url.tls else None
    await loop.create_connection(lambda: feed, host, port, ssl=context)


async def _address(url: BrokerUrl) -> tuple[str, int]:
    """The server's address; behind Sentinel that of the master, as the Sentinels know it now."""
    if url.kind is not BrokerKind.SENTINEL:
        return url.host, url.port or 6379
    connection = RedisConnection(url)
    try:
        return await connection.master_address()
    finally:
        await connection.close()


class _Feed(Stream):
    """One subscribed connection."""

    def __init__(self, deliver: Callable[[Sequence[bytes]], None]) -> None:
        super().__init__(deliver)
        self._reader = hiredis.Reader()
        self._partial_bytes = 0
        self._reply: asyncio.Future[object] | None = None

    def messages_in(self, data: bytes) -> Sequence[bytes]:
        """The messages that are complete with this data."""
        reader = self._reader
        reader.feed(data)
        self._partial_bytes += len(data)
        messages = []
        while (reply := reader.gets()) is not False:
            self._partial_bytes = 0
            if type(reply) is list and reply[0] in _MESSAGES:
                messages.append(reply[-1])
            elif self._reply is not None and not self._reply.done():
                self._reply.set_result(reply)
        if self._partial_bytes > _MAX_PARTIAL_BYTES:
            raise StreamError(f"a message has more than {_MAX_PARTIAL_BYTES} bytes")
        return messages

    async def command(self, *words: str) -> None:
        """Send a command and wait until the server has accepted it.

        Raises:
            exceptions.RedisError: the server refuses the command.
            Exception: the connection is lost.
        """
        self._reply = asyncio.get_running_loop().create_future()
        self.send(hiredis.pack_command(words))  # type: ignore[arg-type]
        reply = await self.unless_lost(self._reply)
        if isinstance(reply, Exception):
            word = str(reply).partition(" ")[0]
            raise _ERRORS.get(word, exceptions.ResponseError)(str(reply))

    def ping(self) -> None:
        """Ask for a sign of life."""
        self.send(hiredis.pack_command(("PING",)))
