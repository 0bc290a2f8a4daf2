"""A Redis client made from a URL: alone, behind TLS or behind Sentinel, with a timeout for each step."""

import asyncio
from contextlib import suppress
from typing import Any

from redis import exceptions
from redis.asyncio import ConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS
from celery_health.readers.tls import redis_context
from celery_health.tls import PythonVersion
from celery_health.urls import BrokerKind, BrokerUrl

_CLOSE_SECONDS = 0.4
# The options for Sentinels as well. A Sentinel has its own users and databases.
_SENTINEL_OPTIONS = ("socket_connect_timeout", "socket_timeout", "retry", "protocol")


class RedisConnection:
    """At most one connection to the server, kept until ``close``. Each new one asks the Sentinels first.

    ``python``: the version of the Celery process whose certificate verification counts, None if not known.
    """

    def __init__(self, url: BrokerUrl, python: PythonVersion | None = None) -> None:
        self._url = url
        self._python = python
        self._client: Redis | None = None
        self._sentinels: list[Redis] = []

    @property
    def kept(self) -> bool:
        """Whether the next command uses a connection that an earlier one opened."""
        return self._client is not None

    def client(self) -> Redis:
        """The client. It connects at its first command."""
        if self._client is None:
            self._client = self._new_client()
        return self._client

    async def master_address(self) -> tuple[str, int]:
        """Host and port of the master, as the Sentinels of the URL know it now.

        Raises:
            exceptions.RedisError, OSError: no Sentinel knows it.
        """
        pool: Any = self.client().connection_pool
        host, port = await pool.get_master_address()
        return str(host), int(port)

    async def close(self) -> None:
        """Close the connection."""
        clients = [*([self._client] if self._client else []), *self._sentinels]
        self._client, self._sentinels = None, []
        for client in clients:
            # Do not wait for a server that hangs.
            with suppress(exceptions.RedisError, OSError, TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await client.aclose(close_connection_pool=True)

    def _new_client(self) -> Redis:
        options = self._options()
        if self._url.kind is not BrokerKind.SENTINEL:
            if self._url.tls:
                options |= {"connection_class": _TlsConnection, "url": self._url, "python": self._python}
            pool = ConnectionPool(host=self._url.host, port=self._url.port, max_connections=1, **options)
            return Redis.from_pool(pool)
        hosts = [(one.host, one.port) for one in (self._url, *self._url.alternates)]
        for_sentinels = {name: options[name] for name in _SENTINEL_OPTIONS}
        sentinel = Sentinel(hosts, sentinel_kwargs=for_sentinels, **options)  # type: ignore[no-untyped-call]
        self._sentinels = list(sentinel.sentinels)
        client: Redis = sentinel.master_for(self._url.query["master_name"])
        return client

    def _options(self) -> dict[str, Any]:
        return {
            "db": self._url.database or 0,
            "username": self._url.username,
            "password": self._url.password,
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": READ_SECONDS,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,  # every Redis, and every server that is compatible with Redis, speaks it
        }


class _TlsConnection(SSLConnection):
    """Uses our SSL context. redis-py's own depends on the Python version, and workers may run another."""

    def __init__(self, url: BrokerUrl, python: PythonVersion | None, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context.context = redis_context(url, python)
