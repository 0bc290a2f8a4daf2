"""Redis, alone, behind TLS or behind Sentinel: one pipeline a look, over one kept connection."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from redis import exceptions
from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from celery_health.broker import BrokerReading, BrokerReason, QueueReading, RedisNaming
from celery_health.readers import failures
from celery_health.readers.failures import Failure
from celery_health.readers.limits import CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS
from celery_health.readers.redis_failures import redis_failure
from celery_health.readers.tls import redis_options
from celery_health.urls import BrokerKind, BrokerUrl

_CLOSE_SECONDS = 0.4
# What a Sentinel and its master share: a Sentinel has users and databases of its own.
_SHARED = ("socket_connect_timeout", "socket_timeout", "retry", "protocol")


class RedisReader:
    """Reads the lengths of all priority lists of the queues, and whether the server takes writes."""

    def __init__(self, url: BrokerUrl, naming: RedisNaming) -> None:
        self._url = url
        self._naming = naming
        self._client: Redis | None = None
        self._sentinels: list[Redis] = []

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """One round trip; a kept connection that has died is replaced once."""
        names = tuple(dict.fromkeys(queues))
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                answers = await self._ask(names)
        except TimeoutError:
            return await self._failed(failures.timed_out(self._url), names)
        except (exceptions.RedisError, OSError) as error:
            return await self._failed(redis_failure(error, self._url), names)
        return self._reading(names, answers)

    async def close(self) -> None:
        """Give back the connection."""
        clients = [*([self._client] if self._client else []), *self._sentinels]
        self._client, self._sentinels = None, []
        for client in clients:
            # A server that hangs must not keep us from leaving.
            with suppress(exceptions.RedisError, OSError, TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await client.aclose(close_connection_pool=True)

    async def _ask(self, names: tuple[str, ...]) -> list[Any]:
        kept = self._client is not None
        try:
            return await self._pipeline(names)
        except exceptions.ConnectionError:
            if not kept:
                raise
        await self.close()
        return await self._pipeline(names)

    async def _pipeline(self, names: tuple[str, ...]) -> list[Any]:
        if self._client is None:
            self._client = self._connected_client()
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.execute_command("ROLE")
            for name in names:
                for key in list_keys(name, self._naming):
                    pipeline.llen(key)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    def _connected_client(self) -> Redis:
        options = self._options()
        if self._url.kind is not BrokerKind.SENTINEL:
            pool = ConnectionPool(
                connection_class=SSLConnection if self._url.tls else Connection,
                host=self._url.host,
                port=self._url.port,
                max_connections=1,
                **options,
            )
            return Redis.from_pool(pool)
        hosts = [(one.host, one.port) for one in (self._url, *self._url.alternates)]
        for_sentinels = {name: options[name] for name in _SHARED}
        sentinel = Sentinel(hosts, sentinel_kwargs=for_sentinels, **options)  # type: ignore[no-untyped-call]
        self._sentinels = list(sentinel.sentinels)
        client: Redis = sentinel.master_for(self._url.query["master_name"])
        return client

    def _options(self) -> dict[str, Any]:
        url = self._url
        options: dict[str, Any] = {
            "db": url.database or 0,
            "username": url.username,
            "password": url.password,
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": READ_SECONDS,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,  # spoken by every Redis and everything that imitates one
        }
        return options | redis_options(url) if url.tls else options

    async def _failed(self, failure: Failure, names: tuple[str, ...]) -> BrokerReading:
        await self.close()
        return failure.reading(self._url, names)

    def _reading(self, names: tuple[str, ...], answers: list[Any]) -> BrokerReading:
        role, lengths = answers[0], answers[1:]
        errors = [one for one in answers if isinstance(one, exceptions.RedisError)]
        # ROLE is asked for on top: a user who may not is no failure as long as the lengths come.
        telling = [
            one for one in errors if one is not role or not isinstance(one, exceptions.NoPermissionError)
        ]
        steps = max(1, len(self._naming.priority_steps))
        readings = tuple(
            _queue(name, lengths[number * steps : (number + 1) * steps]) for number, name in enumerate(names)
        )
        failure = self._of_answers(role, telling)
        return BrokerReading(
            kind=self._url.kind.value,
            address=self._url.address,
            reachable=failure.reachable,
            reason=failure.reason,
            message=failure.message,
            queues=readings,
        )

    def _of_answers(self, role: Any, errors: list[exceptions.RedisError]) -> Failure:
        if errors:
            return redis_failure(errors[0], self._url)
        if isinstance(role, list) and role[0] in {b"slave", "slave"}:
            return Failure(
                BrokerReason.READ_ONLY,
                f"{self._url.address} is a replica, which takes no messages: write the master's address.",
            )
        return Failure(BrokerReason.REACHABLE, f"{self._url.address} answers.", reachable=True)


def list_keys(queue: str, naming: RedisNaming) -> list[str]:
    """The lists of a queue, as kombu names them: the step 0 has no suffix."""
    steps = naming.priority_steps or (0,)
    return [
        f"{naming.key_prefix}{queue}{naming.separator}{step}" if step else f"{naming.key_prefix}{queue}"
        for step in steps
    ]


def _queue(name: str, lengths: list[Any]) -> QueueReading:
    if not all(isinstance(length, int) for length in lengths):
        return QueueReading(name, None)
    ready = sum(lengths)
    # An empty list has no key: nothing tells it from a queue that never was.
    return QueueReading(name, ready, exists=True if ready else None)
