"""A dead-letter queue on Redis: a list of raw messages as kombu writes them, the newest at the head."""

import asyncio
import dataclasses
import inspect
from bisect import bisect
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from redis import exceptions

from celery_health.broker import RedisNaming
from celery_health.dead_letters import message
from celery_health.dead_letters.letter import (
    GONE,
    MAX_MESSAGES,
    DeadLetterError,
    LetterDetails,
    Page,
    Result,
    numbered,
)
from celery_health.dead_letters.message import Message
from celery_health.dead_letters.topics import topic_matches
from celery_health.readers.reachability import quoted
from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.redis.keys import BINDING
from celery_health.readers.redis.reachability import redis_reachability
from celery_health.readers.timeouts import PATIENT_SECONDS
from celery_health.urls import BrokerUrl

T = TypeVar("T")

_CHUNK = 10
"""The messages of one answer. A message may be large, and the sidecar, where this also runs, is small."""
_ATTEMPTS = 100
_BUSY = "The dead-letter queue changes too fast: repeat the command."
_MAX_BINDINGS = 1000
_HIGHEST_PRIORITY = 9


class RedisDeadLetters:
    """Messages are counted from the tail, the oldest: new ones at the head do not change their positions."""

    def __init__(self, url: BrokerUrl, naming: RedisNaming, queue: str) -> None:
        self._url = url
        self._naming = naming
        self._queue = queue
        self._key = naming.key_prefix + queue
        self._connection = RedisConnection(url, seconds=PATIENT_SECONDS)
        self._runner = asyncio.Runner()

    def read(self, limit: int) -> Page:
        """The oldest messages."""
        total = self._run(self._client.llen(self._key))
        found = (message.of_redis(raw).letter() for raw in islice(self._scan(), limit))
        return Page(numbered(found), total)

    def details(self, digest: str) -> LetterDetails | None:
        """Read until the message is found."""
        found = (message.of_redis(raw) for raw in islice(self._scan(), MAX_MESSAGES))
        return next((one.details() for one in found if one.digest == digest), None)

    def replay(self, digests: Sequence[str], to: str | None) -> Iterator[Result]:
        """Move each message in one transaction to the end of the list of its queue and priority."""
        return self._take(digests, to, replay=True)

    def drop(self, digests: Sequence[str]) -> Iterator[Result]:
        """Remove each message."""
        return self._take(digests, None, replay=False)

    def close(self) -> None:
        """Close the connection."""
        with self._runner:
            self._runner.run(self._connection.close())

    @property
    def _client(self) -> Any:
        return self._connection.client()

    def _run(self, answer: Awaitable[T]) -> T:
        async def wait() -> T:
            # Ctrl-C cancels this wait. Inside redis-py it could get lost: until Python 3.12, asyncio.wait_for
            # ignores a cancellation that comes at the moment of the result.
            task = asyncio.ensure_future(answer)
            task.add_done_callback(_retrieved)
            try:
                await asyncio.wait({task})
            finally:
                task.cancel()
            return task.result()

        try:
            return self._runner.run(wait())
        except asyncio.CancelledError:
            # asyncio forgets a Ctrl-C that comes just when it begins to listen for one.
            if inspect.iscoroutine(answer):
                answer.close()
            raise KeyboardInterrupt from None
        except exceptions.NoPermissionError as error:
            raise DeadLetterError(
                f"{self._url.address} accepts the login but refuses the command: {quoted(error)}."
            ) from error
        except (exceptions.RedisError, OSError) as error:
            raise DeadLetterError(redis_reachability(error, self._url).message) from error

    def _chunk(self, behind: int) -> list[bytes]:
        """Some messages, the oldest first, before the ``behind`` oldest ones."""
        found = self._run(self._client.lrange(self._key, -(behind + _CHUNK), -(behind + 1)))
        return list(reversed(found))

    def _scan(self) -> Iterator[bytes]:
        behind = 0
        while chunk := self._chunk(behind):
            yield from chunk
            behind += len(chunk)

    def _take(self, digests: Sequence[str], to: str | None, *, replay: bool) -> Iterator[Result]:
        wanted, behind = Counter(digests), 0
        put_back: set[str] = set()
        while wanted.total() and behind < MAX_MESSAGES and (chunk := self._chunk(behind)):
            for raw in chunk:
                found = message.of_redis(raw)
                if not wanted[found.digest]:
                    behind += 1
                    continue
                wanted[found.digest] -= 1
                copy = found.digest in put_back
                result = self._take_one(found, raw, behind + 1, to, replay=replay and not copy)
                if replay and result.done:
                    put_back.add(found.digest)
                    result = dataclasses.replace(result, copy=copy)
                behind += not result.done
                yield result
        for digest in wanted.elements():
            yield Result(digest, done=False, problem=GONE)

    def _take_one(self, found: Message, raw: bytes, position: int, to: str | None, *, replay: bool) -> Result:
        target = None
        if replay and found.problem:  # a worker could not read it either
            return Result(found.digest, done=False, problem=f"{found.problem} It can only be dropped.")
        if replay:
            queues = [to] if to else self._queues_of(found)
            if len(queues) != 1 or queues == [self._queue]:
                return Result(found.digest, done=False, problem=_why_not(found, queues))
            target = queues[0]
        key = None if target is None else self._list_of(target, found)
        problem = self._run(self._move(raw, position, key))
        return Result(found.digest, done=problem is None, queue=target, problem=problem)

    async def _move(self, raw: bytes, position: int, target: str | None) -> str | None:
        """Remove the message and add it to ``target``, both or neither. Returns why nothing was done."""
        for _ in range(_ATTEMPTS):
            async with self._client.pipeline(transaction=True) as pipeline:
                await pipeline.watch(self._key)
                if await pipeline.lrange(self._key, -position, -position) != [raw]:
                    return GONE
                if target is not None:
                    # A transaction goes on after a command that meets the wrong type of key: LREM would too.
                    await pipeline.llen(target)
                pipeline.multi()
                pipeline.lrem(self._key, -1, raw)
                if target is not None:
                    pipeline.lpush(target, raw)
                try:
                    await pipeline.execute()
                except exceptions.WatchError:  # a message was added meanwhile
                    continue
                return None
        return _BUSY

    def _queues_of(self, found: Message) -> list[str]:
        """The queues that kombu would put the message into."""
        if found.routing_key is None:
            return []
        if not found.exchange:
            return [found.routing_key]
        key = f"{self._naming.key_prefix}{BINDING}{found.exchange}"
        members = self._run(self._client.srandmember(key, _MAX_BINDINGS))
        bindings = [member.decode(errors="replace").split(self._naming.separator) for member in members]
        return sorted({queue for queue in (_bound(one, found.routing_key) for one in bindings) if queue})

    def _list_of(self, queue: str, found: Message) -> str:
        """The list of the queue for the message's priority."""
        try:
            given = int(found.properties["priority"])
        except (KeyError, TypeError, ValueError):
            given = 0
        steps = self._naming.priority_steps or (0,)
        step = steps[bisect(steps, max(0, min(given, _HIGHEST_PRIORITY))) - 1]
        key = self._naming.key_prefix + queue
        return f"{key}{self._naming.separator}{step}" if step else key


def _retrieved(task: "asyncio.Future[Any]") -> None:
    """Mark an exception as retrieved: after Ctrl-C no code reads it, and asyncio would print it."""
    if not task.cancelled():
        task.exception()


def _bound(binding: list[str], routing_key: str) -> str:
    """The queue of a binding (routing key, pattern, queue) that takes the routing key, or an empty text."""
    if len(binding) != 3:
        return ""
    key, pattern, queue = binding
    return queue if (topic_matches(key, routing_key) if pattern else key == routing_key) else ""


def _why_not(found: Message, queues: list[str]) -> str:
    if found.routing_key is None:
        return "The message does not show which queue it came from: use --to QUEUE."
    if len(queues) == 1:
        return f"The message was sent to {queues[0]} itself: use --to QUEUE."
    exchange, key = quoted(found.exchange), quoted(found.routing_key)
    route = f"bound to exchange {exchange} with routing key {key}"
    if not queues:
        return f"No queue is {route}: use --to QUEUE."
    return f"Several queues are {route}: {quoted(', '.join(queues))}. Choose one with --to QUEUE."
