"""The reader of Redis, alone, behind TLS or behind Sentinel: one pipeline for each read."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from redis import exceptions

from celery_health.broker import BrokerReading, QueueReading, RedisNaming, UnackedReading
from celery_health.readers import reachability
from celery_health.readers.reachability import Reachability
from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.redis.keys import list_keys
from celery_health.readers.redis.queue_discovery import Command, QueueDiscovery
from celery_health.readers.redis.reachability import redis_reachability
from celery_health.readers.redis.write_check import refused_write, write_nothing
from celery_health.readers.timeouts import TOTAL_SECONDS
from celery_health.tls import PythonVersion
from celery_health.urls import BrokerUrl


class RedisReader:
    """Reads the named queues, others that it finds, unacknowledged messages, and whether writes are accepted.

    The user must be allowed to read the named queues. What else the user may not read is missing from the
    reading. Without a named queue it only checks the server, which suits a result backend.
    """

    def __init__(self, url: BrokerUrl, naming: RedisNaming, python: PythonVersion | None = None) -> None:
        self._url = url
        self._naming = naming
        self._connection = RedisConnection(url, python)
        self._discovery = QueueDiscovery(naming)

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """One round trip. A kept connection that has died is replaced once."""
        names = tuple(dict.fromkeys(queues))
        others = tuple(name for name in self._discovery.queues if names and name not in names)
        commands = [
            self._server_commands(),
            self._unacked_commands() if names else [],
            self._discovery.commands() if names else [],
            self._length_commands(names),
            self._length_commands(others),
        ]
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                server, unacked, found, lengths, other_lengths = await self._send(commands)
        except TimeoutError:
            return await self._failed(reachability.timed_out(self._url), names)
        except (exceptions.RedisError, OSError) as error:
            return await self._failed(redis_reachability(error, self._url), names)
        if found:
            self._discovery.note(found)
        return replace(
            self._reachability(server, lengths).reading(self._url),
            queues=self._counted(names, lengths),
            other_queues=tuple(queue for queue in self._counted(others, other_lengths) if queue.ready),
            unacked=_unacked(*unacked) if unacked else None,
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def _send(self, commands: list[list[Command]]) -> list[list[Any]]:
        """The answers to each list of commands, in one round trip."""
        kept = self._connection.kept
        try:
            return await self._pipeline(commands)
        except exceptions.ConnectionError:
            if not kept:
                raise
        await self._connection.close()
        return await self._pipeline(commands)

    async def _pipeline(self, groups: list[list[Command]]) -> list[list[Any]]:
        async with self._connection.client().pipeline(transaction=False) as pipeline:
            for command in (one for group in groups for one in group):
                pipeline.execute_command(*command)
            answers = iter(await pipeline.execute(raise_on_error=False))
        return [[next(answers) for _ in group] for group in groups]

    def _server_commands(self) -> list[Command]:
        return [("ROLE",), ("INFO", "memory"), write_nothing(self._naming)]

    def _unacked_commands(self) -> list[Command]:
        prefix = self._naming.key_prefix
        return [
            ("HLEN", prefix + self._naming.unacked_key),
            ("ZRANGE", prefix + self._naming.unacked_index_key, 0, 0, "WITHSCORES"),
            ("TIME",),
        ]

    def _length_commands(self, names: tuple[str, ...]) -> list[Command]:
        return [("LLEN", key) for name in names for key in list_keys(name, self._naming)]

    def _counted(self, names: tuple[str, ...], lengths: list[Any]) -> tuple[QueueReading, ...]:
        steps = max(1, len(self._naming.priority_steps))
        return tuple(
            _queue(name, lengths[number * steps : (number + 1) * steps], self._naming)
            for number, name in enumerate(names)
        )

    async def _failed(self, result: Reachability, names: tuple[str, ...]) -> BrokerReading:
        await self._connection.close()
        return result.reading(self._url, names)

    def _reachability(self, server: list[Any], lengths: list[Any]) -> Reachability:
        role, memory, written = server
        # ROLE is optional: a user who may not use it is no fault as long as the lengths are known.
        required = lengths if isinstance(role, exceptions.NoPermissionError) else [role, *lengths]
        errors = [one for one in required if isinstance(one, exceptions.RedisError)]
        # An error of the server counts more than a missing permission of the user.
        errors.sort(key=lambda error: isinstance(error, exceptions.NoPermissionError))
        if errors and not isinstance(errors[0], exceptions.NoPermissionError):
            return redis_reachability(errors[0], self._url)
        if refusal := refused_write(written, memory, role, self._url):
            return refusal
        if errors:
            return redis_reachability(errors[0], self._url)
        return reachability.reachable(self._url)


def _queue(name: str, lengths: list[Any], naming: RedisNaming) -> QueueReading:
    if not all(isinstance(length, int) for length in lengths):
        return QueueReading(name, None)
    ready = sum(lengths)
    # Redis has no key for an empty list, so an empty queue and a missing one read the same.
    priorities = naming.priority_steps or (0,)
    by_priority = tuple((step, length) for step, length in zip(priorities, lengths, strict=True) if length)
    return QueueReading(name, ready, exists=True if ready else None, by_priority=by_priority)


def _unacked(count: Any, oldest: Any, now: Any) -> UnackedReading | None:
    """From HLEN, ZRANGE and TIME. The score is the Unix time at which a worker fetched the message."""
    if not isinstance(count, int) or not isinstance(oldest, list):
        return None
    if len(oldest) < 2 or not isinstance(now, tuple):
        return UnackedReading(count, None)
    seconds, microseconds = now
    return UnackedReading(count, max(0.0, seconds + microseconds / 1e6 - float(oldest[1])))
