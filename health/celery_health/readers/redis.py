"""Redis, alone, behind TLS or behind Sentinel: one pipeline a look, over one kept connection."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis import exceptions

from celery_health.broker import BrokerReading, BrokerReason, QueueReading, RedisNaming, UnackedReading
from celery_health.readers import failures
from celery_health.readers.failures import Failure
from celery_health.readers.limits import TOTAL_SECONDS
from celery_health.readers.redis_client import RedisConnection
from celery_health.readers.redis_discovery import Command, QueueDiscovery
from celery_health.readers.redis_failures import redis_failure
from celery_health.readers.redis_keys import list_keys
from celery_health.readers.redis_writes import refused_write, write_nothing
from celery_health.urls import BrokerUrl


class RedisReader:
    """Reads queues, asked for and not, what is unacknowledged, and whether the server takes writes.

    The queues asked for are all that a user must be allowed to read: without the rest the reading lacks it.
    Asked for no queue it only asks whether the server is in order, which suits a result store.
    """

    def __init__(self, url: BrokerUrl, naming: RedisNaming) -> None:
        self._url = url
        self._naming = naming
        self._connection = RedisConnection(url)
        self._discovery = QueueDiscovery(naming)

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """One round trip; a kept connection that has died is replaced once."""
        names = tuple(dict.fromkeys(queues))
        others = tuple(name for name in self._discovery.queues if names and name not in names)
        asked = [
            self._of_server(),
            self._of_unacked() if names else [],
            self._discovery.commands() if names else [],
            self._lengths(names),
            self._lengths(others),
        ]
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                server, unacked, found, lengths, other_lengths = await self._ask(asked)
        except TimeoutError:
            return await self._failed(failures.timed_out(self._url), names)
        except (exceptions.RedisError, OSError) as error:
            return await self._failed(redis_failure(error, self._url), names)
        if found:
            self._discovery.note(found)
        failure = self._judged(server, lengths)
        return BrokerReading(
            kind=self._url.kind.value,
            address=self._url.address,
            reachable=failure.reachable,
            reason=failure.reason,
            message=failure.message,
            queues=self._counted(names, lengths),
            other_queues=tuple(queue for queue in self._counted(others, other_lengths) if queue.ready),
            unacked=_unacked(*unacked) if unacked else None,
        )

    async def close(self) -> None:
        """Give back the connection."""
        await self._connection.close()

    async def _ask(self, asked: list[list[Command]]) -> list[list[Any]]:
        """The answers to each list of commands, all in one round trip."""
        kept = self._connection.kept
        try:
            return await self._pipeline(asked)
        except exceptions.ConnectionError:
            if not kept:
                raise
        await self._connection.close()
        return await self._pipeline(asked)

    async def _pipeline(self, asked: list[list[Command]]) -> list[list[Any]]:
        async with self._connection.client().pipeline(transaction=False) as pipeline:
            for command in (one for commands in asked for one in commands):
                pipeline.execute_command(*command)
            answers = iter(await pipeline.execute(raise_on_error=False))
        return [[next(answers) for _ in commands] for commands in asked]

    def _of_server(self) -> list[Command]:
        return [("ROLE",), ("INFO", "memory"), write_nothing(self._naming)]

    def _of_unacked(self) -> list[Command]:
        prefix = self._naming.key_prefix
        return [
            ("HLEN", prefix + self._naming.unacked_key),
            ("ZRANGE", prefix + self._naming.unacked_index_key, 0, 0, "WITHSCORES"),
            ("TIME",),
        ]

    def _lengths(self, names: tuple[str, ...]) -> list[Command]:
        return [("LLEN", key) for name in names for key in list_keys(name, self._naming)]

    def _counted(self, names: tuple[str, ...], lengths: list[Any]) -> tuple[QueueReading, ...]:
        steps = max(1, len(self._naming.priority_steps))
        return tuple(
            _queue(name, lengths[number * steps : (number + 1) * steps]) for number, name in enumerate(names)
        )

    async def _failed(self, failure: Failure, names: tuple[str, ...]) -> BrokerReading:
        await self._connection.close()
        return failure.reading(self._url, names)

    def _judged(self, server: list[Any], lengths: list[Any]) -> Failure:
        role, memory, written = server
        # ROLE is asked for on top: a user who may not is no failure as long as the lengths come.
        asked = lengths if isinstance(role, exceptions.NoPermissionError) else [role, *lengths]
        errors = [one for one in asked if isinstance(one, exceptions.RedisError)]
        # What the server cannot do weighs more than what its user may not.
        errors.sort(key=lambda error: isinstance(error, exceptions.NoPermissionError))
        if errors and not isinstance(errors[0], exceptions.NoPermissionError):
            return redis_failure(errors[0], self._url)
        if refusal := refused_write(written, memory, role, self._url):
            return refusal
        if errors:
            return redis_failure(errors[0], self._url)
        return Failure(BrokerReason.REACHABLE, f"{self._url.address} answers.", reachable=True)


def _queue(name: str, lengths: list[Any]) -> QueueReading:
    if not all(isinstance(length, int) for length in lengths):
        return QueueReading(name, None)
    ready = sum(lengths)
    # An empty list has no key: nothing tells it from a queue that never was.
    return QueueReading(name, ready, exists=True if ready else None)


def _unacked(count: Any, oldest: Any, now: Any) -> UnackedReading | None:
    """From HLEN, ZRANGE and TIME: the score is the time in seconds at which a worker took the message."""
    if not isinstance(count, int) or not isinstance(oldest, list):
        return None
    if len(oldest) < 2 or not isinstance(now, tuple):
        return UnackedReading(count, None)
    seconds, microseconds = now
    return UnackedReading(count, max(0.0, seconds + microseconds / 1e6 - float(oldest[1])))
