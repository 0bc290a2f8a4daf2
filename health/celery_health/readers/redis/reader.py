"""The reader of Redis, alone, behind TLS or behind Sentinel: one pipeline for each read."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from redis import exceptions

from celery_health.broker import (
    BrokerReading,
    Found,
    MemoryReading,
    QueueReading,
    RedisNaming,
    UnackedReading,
)
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import numbers, reachability
from celery_health.readers.access import ANYWHERE, Access
from celery_health.readers.budget import Budget
from celery_health.readers.connection_errors import connection_error
from celery_health.readers.reachability import Reachability
from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.redis.keys import list_keys
from celery_health.readers.redis.queue_discovery import Command, QueueDiscovery
from celery_health.readers.redis.reachability import is_missing_command, redis_reachability
from celery_health.readers.redis.write_check import refused_write, write_nothing
from celery_health.readers.timeouts import TOTAL_SECONDS
from celery_health.readers.tls_port import or_speaks_tls
from celery_health.threads import run_in_thread
from celery_health.tls import PythonVersion
from celery_health.urls import BrokerUrl
from celery_health.wire.names import is_dead_letter_queue

_AT_ONCE = 500
"""The commands of one round trip: to write and read more would delay the other work of the event loop."""
_BYTES = 32
"""The answer to one LLEN, with room to spare."""


class RedisReader:
    """Reads the named queues, others that it finds, unacknowledged messages, and whether writes are accepted.

    The user must be allowed to read the named queues. What else the user may not read, or the server does
    not have, is missing from the reading. Without a named queue it only checks the server, which suits a
    result backend.
    """

    def __init__(
        self,
        url: BrokerUrl,
        naming: RedisNaming,
        python: PythonVersion | None = None,
        access: Access = ANYWHERE,
    ) -> None:
        self._url = url
        self._naming = naming
        self._access = access
        self._budget = Budget()
        self._connection = RedisConnection(url, python, self._budget, access)
        self._discovery = QueueDiscovery(naming)

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        """One round trip, or some for very many queues. A kept connection that has died is replaced once."""
        names = tuple(dict.fromkeys(queues))
        others = tuple(name for name in self._discovery.queues if names and name not in names)
        known = self._discovery.found if names else Found.ALL
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
            if names:
                self._discovery.note(found)
            return replace(
                self._reachability(server, names, lengths).reading(self._url),
                queues=self._counted(names, lengths),
                other_queues=self._counted_others(others, other_lengths),
                found=known,
                unacked=_unacked(*unacked) if unacked else None,
                memory=_memory(server[1]) if server else None,
            )
        except TimeoutError:
            return await self._failed(reachability.timed_out(self._url), names)
        except (exceptions.RedisError, OSError) as error:
            return await self._failed(await self._meaning(error), names)
        except Exception as error:  # any answer of any server is a reading, never the end of the reader
            meaning = connection_error(error, self._url) or reachability.not_understood(self._url)
            return await self._failed(meaning, names)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def _send(self, commands: list[list[Command]]) -> list[list[Any]]:
        """The answers to each list of commands."""
        if self._connection.kept:
            with suppress(exceptions.ConnectionError):
                return await self._pipeline(commands)
            await self._connection.close()
        try:
            return await self._pipeline(commands)
        except exceptions.ConnectionError as error:
            if redis_reachability(error, self._url) != reachability.connection_closed(self._url):
                raise
        # Some proxies close the connection at a command that they do not have.
        await self._connection.close()
        return await self._pipeline(_needed(commands))

    async def _pipeline(self, groups: list[list[Command]]) -> list[list[Any]]:
        commands = [one for group in groups for one in group]
        self._budget.begin(_BYTES * len(commands), len(commands))
        answers: list[Any] = []
        async with self._connection.client().pipeline(transaction=False) as pipeline:
            for start in range(0, len(commands), _AT_ONCE):
                for command in commands[start : start + _AT_ONCE]:
                    pipeline.execute_command(*command)
                answers += await pipeline.execute(raise_on_error=False)
        each = iter(answers)
        return [[next(each) for _ in group] for group in groups]

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
        return tuple(_queue(name, found, self._naming) for name, found in self._by_queue(names, lengths))

    def _by_queue(self, names: tuple[str, ...], lengths: list[Any]) -> list[tuple[str, list[Any]]]:
        steps = max(1, len(self._naming.priority_steps))
        return [(name, lengths[number * steps : (number + 1) * steps]) for number, name in enumerate(names)]

    def _counted_others(self, names: tuple[str, ...], lengths: list[Any]) -> tuple[QueueReading, ...]:
        # They may not have been asked for.
        return tuple(queue for queue in self._counted(names, lengths) if queue.ready) if lengths else ()

    async def _failed(self, result: Reachability, names: tuple[str, ...]) -> BrokerReading:
        await self._connection.close()
        return result.reading(self._url, names)

    async def _meaning(self, error: Exception) -> Reachability:
        result = redis_reachability(error, self._url)
        if result != reachability.connection_closed(self._url):
            return result
        with suppress(TimeoutError):
            return await run_in_thread(lambda: or_speaks_tls(result, self._url, self._access), TOTAL_SECONDS)
        return result

    def _reachability(self, server: list[Any], names: tuple[str, ...], lengths: list[Any]) -> Reachability:
        role, memory, written = server or (None, None, None)
        by_queue = self._by_queue(names, lengths)
        no_lists = {name: _no_list(name, found, self._naming) for name, found in by_queue}
        # No worker fetches from a dead-letter queue: the broker works without it.
        lengths = [
            length
            for name, found in by_queue
            for length in found
            if not (no_lists[name] and is_dead_letter_queue(name))
        ]
        # ROLE is optional: a user who may not use it, or a server without it, is no fault.
        is_optional = isinstance(role, exceptions.NoPermissionError) or is_missing_command(role)
        required = lengths if is_optional else [role, *lengths]
        errors = [one for one in required if isinstance(one, exceptions.RedisError)]
        # An error of the server counts more than a missing permission of the user.
        errors.sort(key=_is_of_user)
        if errors and not _is_of_user(errors[0]):
            if _is_of_type(errors[0]):
                keys = (key for name, key in no_lists.items() if key and not is_dead_letter_queue(name))
                return _not_a_list(next(keys), self._url)
            return redis_reachability(errors[0], self._url)
        if refusal := refused_write(written, memory, role, self._url):
            return refusal
        if errors:
            return redis_reachability(errors[0], self._url)
        return reachability.reachable(self._url)


def _needed(groups: list[list[Command]]) -> list[list[Command]]:
    """The same groups with the lengths of the named queues alone, or a PING if none is named."""
    *optional, lengths, _ = groups
    return [*([] for _ in optional), lengths or [("PING",)], []]


def _is_of_user(error: Exception) -> bool:
    """Whether the server answered, and only not this question or not this user."""
    return isinstance(error, exceptions.NoPermissionError) or is_missing_command(error)


def _no_list(name: str, lengths: list[Any], naming: RedisNaming) -> str:
    """The key of a queue that is of another type than a list, or an empty text."""
    keys = zip(list_keys(name, naming), lengths, strict=False)
    return next((key for key, length in keys if _is_of_type(length)), "")


def _is_of_type(answer: Any) -> bool:
    return isinstance(answer, exceptions.ResponseError) and str(answer).startswith("WRONGTYPE")


def _not_a_list(key: str, url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.ERROR,
        f"{url.address} answers, and its key {reachability.quoted(key)} is not a list, so that workers of "
        "this queue cannot fetch: rename or delete the key.",
    )


def _queue(name: str, lengths: list[Any], naming: RedisNaming) -> QueueReading:
    if key := _no_list(name, lengths, naming):
        return QueueReading(name, None, problem=f"The Redis key {reachability.quoted(key)} is not a list")
    if any(numbers.count(length) is None for length in lengths):
        return QueueReading(name, None)
    ready = sum(lengths)
    # Redis has no key for an empty list, so an empty queue and a missing one read the same.
    priorities = naming.priority_steps or (0,)
    by_priority = tuple((step, length) for step, length in zip(priorities, lengths, strict=True) if length)
    return QueueReading(name, ready, exists=True if ready else None, by_priority=by_priority)


def _memory(info: Any) -> MemoryReading | None:
    """From INFO memory."""
    figures = info if isinstance(info, dict) else {}
    used, limit = numbers.count(figures.get("used_memory")), numbers.count(figures.get("maxmemory"))
    return None if used is None or limit is None else MemoryReading(used, limit)


def _unacked(count: Any, oldest: Any, now: Any) -> UnackedReading | None:
    """From HLEN, ZRANGE and TIME. The score is the Unix time at which a worker fetched the message."""
    number = numbers.count(count)
    if number is None or not isinstance(oldest, list):
        return None
    if len(oldest) < 2 or not isinstance(now, tuple):
        return UnackedReading(number, None)
    score, time = numbers.seconds(oldest[1]), numbers.seconds(now[0] + now[1] / 1e6)
    return UnackedReading(number, None if score is None or time is None else max(0.0, time - score))
