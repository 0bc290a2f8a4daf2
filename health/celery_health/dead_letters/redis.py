"""A dead-letter queue on Redis: a list of raw messages as kombu writes them, the newest at the head."""

import asyncio
import inspect
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import replace
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
    in_use,
    numbered,
)
from celery_health.dead_letters.message import Message
from celery_health.dead_letters.redis_claim import RedisClaim
from celery_health.dead_letters.redis_routes import (
    is_declared,
    list_of,
    other_dead_letters,
    queues_of,
    why_not,
)
from celery_health.readers.reachability import quoted
from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.redis.reachability import redis_reachability
from celery_health.readers.timeouts import PATIENT_SECONDS
from celery_health.urls import BrokerUrl

T = TypeVar("T")


class _NotMovedError(Exception):
    """One message stays where it is. The text is a sentence that says why."""


_CHUNK = 10
_CHUNK_BYTES = 1_000_000
"""The messages of one answer. A message may be large, and the sidecar, where this also runs, is small."""
_ATTEMPTS = 100
_BUSY = "The dead-letter queue changes too fast: repeat the command."


class RedisDeadLetters:
    """Messages are counted from the tail, the oldest: new ones at the head do not change their positions."""

    def __init__(self, url: BrokerUrl, naming: RedisNaming, queue: str) -> None:
        self._url = url
        self._naming = naming
        self._queue = queue
        self._key = naming.key_prefix + queue
        self._connection = RedisConnection(url, seconds=PATIENT_SECONDS)
        self._claim = RedisClaim(url, self._key)
        self._runner = asyncio.Runner()
        self._next_chunk = 1

    def read(self, limit: int) -> Page:
        """The oldest messages."""
        total = self._run(self._client.llen(self._key))
        found = (message.of_redis(raw).letter() for raw in islice(self._scan(), limit))
        others = () if total or not limit else self._run(other_dead_letters(self._client, self._naming))
        return Page(numbered(found), total, others=others)

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
            self._runner.run(self._claim.close())
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
        size = self._next_chunk
        found = self._run(self._client.lrange(self._key, -(behind + size), -(behind + 1)))
        largest = max(map(len, found), default=0)
        # Redis does not say beforehand how large messages are.
        self._next_chunk = max(1, min(_CHUNK, 2 * size, _CHUNK_BYTES // max(1, largest)))
        return list(reversed(found))

    def _scan(self) -> Iterator[bytes]:
        behind = 0
        while chunk := self._chunk(behind):
            yield from chunk
            behind += len(chunk)

    def _take(self, digests: Sequence[str], to: str | None, *, replay: bool) -> Iterator[Result]:
        if not self._run(self._claim.is_granted(self._client)):
            self._runner.run(self._claim.close())
            raise in_use(self._queue)
        undeclared = bool(to) and not self._run(is_declared(self._client, self._naming, to or ""))
        wanted = Counter(digests)
        copies = self._copies(wanted) if replay else {}
        progress = True
        # What another program removes meanwhile shifts the positions of other messages.
        while wanted.total() and progress:
            progress = False
            for result in self._take_once(wanted, copies, to, replay=replay):
                progress = True
                yield replace(result, undeclared=undeclared and result.done)
        for digest in wanted.elements():
            yield Result(digest, done=False, problem=GONE)

    def _copies(self, wanted: Counter[str]) -> dict[str, list[bytes]]:
        """The texts of the messages that are wanted more than once, by their digests, the oldest first."""
        found: dict[str, list[bytes]] = {digest: [] for digest, count in wanted.items() if count > 1}
        for raw in islice(self._scan(), MAX_MESSAGES if found else 0):
            if (digest := message.of_redis(raw).digest) in found:
                found[digest].append(raw)
        return found

    def _take_once(
        self, wanted: Counter[str], copies: dict[str, list[bytes]], to: str | None, *, replay: bool
    ) -> Iterator[Result]:
        """Read the queue once. ``wanted`` loses what there is a result of."""
        behind = 0
        while wanted.total() and behind < MAX_MESSAGES and (chunk := self._chunk(behind)):
            for raw in chunk:
                found = message.of_redis(raw)
                if not wanted[found.digest]:
                    behind += 1
                    continue
                if replay:
                    results = self._replay(found, [raw, *copies.get(found.digest, ())], behind + 1, to)
                else:
                    removed = self._run(self._client.lrem(self._key, -1, raw))
                    results = [Result(found.digest, done=True)] * removed
                for result in results:
                    wanted[found.digest] = max(0, wanted[found.digest] - 1)
                    yield result
                if len(results) != 1:  # the list has changed beyond this message
                    break
                behind += not results[0].done

    def _replay(self, found: Message, raws: list[bytes], position: int, to: str | None) -> list[Result]:
        """Put the first text back, and remove its copies. No result: it is no longer at its position."""
        if found.problem:  # a worker could not read it either
            return [Result(found.digest, done=False, problem=f"{found.problem} It can only be dropped.")]
        queues = [to] if to else self._run(queues_of(self._client, self._naming, found))
        if len(queues) != 1 or queues == [self._queue]:
            return [Result(found.digest, done=False, problem=why_not(found, queues))]
        key = list_of(self._naming, queues[0], found)
        try:
            removed = self._run(self._move(raws, position, key))
        except _NotMovedError as error:
            return [Result(found.digest, done=False, problem=str(error))]
        return [Result(found.digest, done=True, queue=queues[0], copy=bool(at)) for at in range(removed)]

    async def _move(self, raws: list[bytes], position: int, target: str) -> int:
        """Move the first text to ``target`` and remove its copies, all or nothing. Returns how many it took.

        All copies go in one transaction: two commands at once would otherwise put back one copy each.
        """
        for _ in range(_ATTEMPTS):
            async with self._client.pipeline(transaction=True) as pipeline:
                # redis-py would add words of its own to those of Redis, or replace them.
                pipeline.annotate_exception = _unchanged
                await pipeline.watch(self._key)
                if await pipeline.lrange(self._key, -position, -position) != [raws[0]]:
                    return 0
                await _check_is_list(pipeline, target)
                pipeline.multi()
                if len(raws) == 1:
                    pipeline.lrem(self._key, -1, raws[0])
                for raw in set(raws) if len(raws) > 1 else ():
                    pipeline.lrem(self._key, 0, raw)
                pipeline.lpush(target, raws[0])
                try:
                    *removed, _ = await pipeline.execute()
                except exceptions.WatchError:  # a message was added meanwhile
                    continue
                return sum(removed)
        raise _NotMovedError(_BUSY)


async def _check_is_list(pipeline: Any, key: str) -> None:
    """A transaction goes on after a command that meets the wrong type of key: LREM would too."""
    try:
        await pipeline.llen(key)
    except exceptions.ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise
        raise _NotMovedError(
            f"The key {quoted(key)} cannot take the message: {quoted(error)}. Delete or rename the key, or "
            "use --to QUEUE."
        ) from error


def _unchanged(*_: object) -> None:
    """In place of a function that changes an exception."""


def _retrieved(task: "asyncio.Future[Any]") -> None:
    """Mark an exception as retrieved: after Ctrl-C no code reads it, and asyncio would print it."""
    if not task.cancelled():
        task.exception()
