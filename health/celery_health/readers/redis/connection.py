"""A Redis client made from a URL: alone, behind TLS or behind Sentinel, with a timeout for each step."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

from redis import exceptions
from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelManagedConnection
from redis.backoff import NoBackoff

from celery_health.readers.access import ANYWHERE, Access, addresses
from celery_health.readers.budget import Budget
from celery_health.readers.redis.bounded_parser import BoundedParser
from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS
from celery_health.readers.tls import redis_context
from celery_health.tls import PythonVersion
from celery_health.urls import BrokerKind, BrokerUrl

_CLOSE_SECONDS = 0.4
_REFUSALS = (exceptions.AuthenticationError, exceptions.NoPermissionError)
# The options for Sentinels as well. A Sentinel has its own users and databases.
_SENTINEL_OPTIONS = ("socket_connect_timeout", "socket_timeout", "retry", "protocol", "parser_class")


class RedisConnection:
    """At most one connection to the server, kept until ``close``. Each new one asks the Sentinels first.

    ``python``: the version of the Celery process whose certificate verification counts, None if not known.
    ``budget``: what the server may send, also at the login; None where the server is trusted.
    ``access``: which addresses are connected to, also of the master that a Sentinel names.
    ``seconds``: for each connection and each answer, None for the limits of a reader.
    """

    def __init__(
        self,
        url: BrokerUrl,
        python: PythonVersion | None = None,
        budget: Budget | None = None,
        access: Access = ANYWHERE,
        seconds: float | None = None,
    ) -> None:
        self._url = url
        self._connect_seconds = seconds or CONNECT_SECONDS
        self._answer_seconds = seconds or READ_SECONDS
        self._python = python
        self._budget = budget
        self._access = access
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
            return Redis.from_pool(ConnectionPool(max_connections=1, **self._address(), **options))
        hosts = [(one.host, one.port) for one in (self._url, *self._url.alternates)]
        for_sentinels = {name: options[name] for name in _SENTINEL_OPTIONS if name in options}
        if self._url.sentinel_login is not None:
            for_sentinels["username"], for_sentinels["password"] = self._url.sentinel_login
        for_sentinels |= {"connection_class": _TcpConnection, "access": self._access}
        sentinel = _Sentinels(hosts, for_sentinels, options)
        self._sentinels = list(sentinel.sentinels)
        client: Redis = sentinel.master_for(
            self._url.master_name or "", connection_class=_MasterConnection, access=self._access
        )
        return client

    def _address(self) -> dict[str, Any]:
        if self._url.path:
            return {"connection_class": UnixDomainSocketConnection, "path": self._url.path}
        address = {"host": self._url.host, "port": self._url.port, "access": self._access}
        if not self._url.tls:
            return {**address, "connection_class": _TcpConnection}
        return {**address, "connection_class": _TlsConnection, "url": self._url, "python": self._python}

    def _options(self) -> dict[str, Any]:
        parser = {} if self._budget is None else {"parser_class": partial(BoundedParser, budget=self._budget)}
        return {
            **parser,
            "db": self._url.database or 0,
            "username": self._url.username,
            "password": self._url.password,
            "socket_connect_timeout": self._connect_seconds,
            "socket_timeout": self._answer_seconds,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,  # every Redis, and every server that is compatible with Redis, speaks it
        }


class SentinelLoginError(MasterNotFoundError):
    """No Sentinel lets this program ask for the master."""


class _Sentinels(Sentinel):
    """Sentinels of which one has to answer. redis-py's own say nothing of why none did."""

    def __init__(
        self, hosts: list[tuple[str, int | None]], for_sentinels: dict[str, Any], for_master: dict[str, Any]
    ) -> None:
        super().__init__([], sentinel_kwargs={}, **for_master)  # type: ignore[no-untyped-call]
        self.sentinels = [
            Redis.from_pool(ConnectionPool(host=host, port=port, **for_sentinels)) for host, port in hosts
        ]

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Host and port of the master, as the first Sentinel that knows it says."""
        errors: list[Exception] = []
        for sentinel in self.sentinels:
            try:
                masters = await sentinel.sentinel_masters()  # type: ignore[no-untyped-call]
                state = masters.get(service_name)
            except Exception as error:  # whatever one Sentinel answers, the next one is asked
                errors.append(error)
                continue
            if state and self.check_master_state(state, service_name):
                return str(state["ip"]), int(state["port"])
        refusals = [error for error in errors if isinstance(error, _REFUSALS)]
        if refusals and len(errors) == len(self.sentinels):
            raise SentinelLoginError(str(refusals[0])) from refusals[0]
        if errors and len(errors) == len(self.sentinels):
            raise errors[0]
        raise MasterNotFoundError(f"No master found for {service_name!r}")


class _Admitted(Connection):
    """Connects to an address that was checked: the next answer of DNS may be another."""

    def __init__(self, *, access: Access, **options: Any) -> None:
        super().__init__(**options)
        self._access = access
        self._address = ""

    async def _connect(self) -> None:
        *others, last = await addresses(self.host, self.port, self._access)
        for self._address in others:
            try:
                await super()._connect()  # type: ignore[no-untyped-call]
            except OSError:
                continue
            return
        self._address = last
        await super()._connect()  # type: ignore[no-untyped-call]

    def _connection_arguments(self) -> dict[str, Any]:
        arguments = {**super()._connection_arguments(), "host": self._address}
        if "ssl" in arguments:
            arguments["server_hostname"] = self.host
        return arguments


class _TcpConnection(_Admitted):
    """Without TLS."""


class _MasterConnection(_Admitted, SentinelManagedConnection):
    """To the master that the Sentinels name."""


class _TlsConnection(_Admitted, SSLConnection):
    """Uses our SSL context. redis-py's own depends on the Python version, and workers may run another."""

    def __init__(self, url: BrokerUrl, python: PythonVersion | None, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context.context = redis_context(url, python)
