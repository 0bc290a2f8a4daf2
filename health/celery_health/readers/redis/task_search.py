"""Finds one task's message in a Redis broker: in its queue, among the unacknowledged, in a dead-letter queue.

Every step is bounded, and none takes a message.
"""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from celery_health.broker import RedisNaming
from celery_health.readers.redis.keys import dead_letter_pattern, list_keys, scanned
from celery_health.task_ids import id_text

MAX_MESSAGES = 10_000
"""The messages that one search reads, over all queues."""
MAX_SECONDS = 2.0
_MAX_SCANS = 1_000
_CHUNK = 50
_MAX_MESSAGE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """What the headers of the message say. Times as the sender wrote them, in ISO 8601."""

    name: str | None = None
    eta: str | None = None
    expires: str | None = None
    retries: int = 0


@dataclass(frozen=True, slots=True)
class TaskSearch:
    """Where the message is. None: it was not found there, or that place could not be searched to its end.

    ``queue``: the queue that has it, ``ahead``: the messages that are delivered before it. ``complete``: the
    queues were searched to their ends. ``searched``: how many messages of them were read.
    ``unacknowledged``: None if there were too many. ``delivered_at``: Unix time.
    ``dead_letters_complete``: the dead-letter queues were searched to their ends, or it was found before.
    """

    queue: str | None = None
    ahead: int | None = None
    complete: bool = True
    searched: int = 0
    unacknowledged: bool | None = None
    delivered_at: float | None = None
    dead_letter_queue: str | None = None
    dead_letters_complete: bool = True
    message: FoundMessage | None = None

    @property
    def is_nowhere(self) -> bool:
        """Whether the message was not found."""
        return self.queue is None and self.dead_letter_queue is None and self.unacknowledged is not True


class TaskFinder:
    """One search. ``client`` is a redis.asyncio client."""

    def __init__(self, client: Any, naming: RedisNaming, task_id: str) -> None:
        self._client = client
        self._naming = naming
        self._id = task_id
        self._written = _written(task_id)
        self._end = time.monotonic() + MAX_SECONDS
        self._read = 0
        self._unreadable = False

    async def run(self, queues: Sequence[str], dead_letter_queues: Sequence[str] = ()) -> TaskSearch:
        """Search. It raises what redis-py raises.

        ``dead_letter_queues``: those to search before all others that the server has.
        """
        unacknowledged, delivered_at, message = await self._in_unacknowledged()
        if unacknowledged:
            return TaskSearch(unacknowledged=True, delivered_at=delivered_at, message=message)
        for queue in queues:
            position = await self._in_queue(queue)
            if position is not None:
                ahead, message = position
                return TaskSearch(
                    queue,
                    ahead,
                    searched=self._read,
                    unacknowledged=unacknowledged,
                    message=message,
                )
        complete, searched = not self._is_over(), self._read
        dead_letter_queue, dead_letters_complete = await self._in_dead_letter_queues(dead_letter_queues)
        return TaskSearch(
            complete=complete,
            searched=searched,
            unacknowledged=unacknowledged,
            dead_letter_queue=dead_letter_queue,
            dead_letters_complete=dead_letters_complete,
        )

    async def _in_queue(self, queue: str) -> tuple[int, FoundMessage] | None:
        """Workers take the lists in this order, each from its tail."""
        ahead = 0
        for key in list_keys(queue, self._naming):
            behind = 0
            while not self._is_over():
                chunk = await self._client.lrange(key, -(behind + _CHUNK), -(behind + 1))
                for offset, raw in enumerate(reversed(chunk)):
                    if (found := self._message(raw)) is not None:
                        return ahead + behind + offset, found
                self._read += len(chunk)
                behind += len(chunk)
                if len(chunk) < _CHUNK:
                    break
            ahead += behind
        return None

    async def _in_unacknowledged(self) -> tuple[bool | None, float | None, FoundMessage | None]:
        prefix = self._naming.key_prefix
        cursor, read = 0, 0
        while True:
            cursor, entries = await self._client.hscan(
                prefix + self._naming.unacked_key, cursor, count=_CHUNK * 2
            )
            for tag, raw in entries.items():
                read += 1
                if not self._may_be_in(raw):
                    continue
                found = self._message_of_unacknowledged(raw)
                if found is not None:
                    score = await self._client.zscore(prefix + self._naming.unacked_index_key, tag)
                    return True, score, found
            if int(cursor) == 0:
                return False, None, None
            if read >= MAX_MESSAGES or self._is_over():
                return None, None, None

    async def _in_dead_letter_queues(self, first: Sequence[str]) -> tuple[str | None, bool]:
        """The one that has the message, and whether all were searched to their ends."""
        from redis.exceptions import NoPermissionError  # noqa: PLC0415 (the redis package takes 20 MB)

        self._end, self._read = time.monotonic() + MAX_SECONDS / 2, 0
        searched = set(first)
        for name in first:
            if await self._in_dead_letter_queue(name):
                return name, True
        pattern, prefix = dead_letter_pattern(self._naming), self._naming.key_prefix
        with suppress(NoPermissionError):  # the user may not scan
            async for keys, is_last in scanned(self._client, pattern, _MAX_SCANS):
                names = {key.decode(errors="replace").removeprefix(prefix) for key in keys}
                for name in sorted(names - searched):
                    searched.add(name)
                    if await self._in_dead_letter_queue(name):
                        return name, True
                if is_last or self._is_over():
                    return None, is_last and not self._is_over() and not self._unreadable
        return None, False

    async def _in_dead_letter_queue(self, name: str) -> bool:
        from redis.exceptions import ResponseError  # noqa: PLC0415 (the redis package takes 20 MB)

        try:
            return await self._in_queue(name) is not None
        except ResponseError:  # the user may not read it, or it is no list
            self._unreadable = True
            return False

    def _is_over(self) -> bool:
        return self._read >= MAX_MESSAGES or time.monotonic() > self._end

    def _message_of_unacknowledged(self, raw: bytes) -> FoundMessage | None:
        document = _json(raw)
        return _found(document[0], self._id) if isinstance(document, list) and document else None

    def _message(self, raw: bytes) -> FoundMessage | None:
        # Most messages are excluded without being decoded.
        return _found(_json(raw), self._id) if self._may_be_in(raw) else None

    def _may_be_in(self, raw: bytes) -> bool:
        return any(written in raw for written in self._written)


def _written(task_id: str) -> tuple[bytes, ...]:
    """How JSON may have the id: a UUID of Python without hyphens, and other producers escape less."""
    texts = {json.dumps(task_id), json.dumps(task_id, ensure_ascii=False), f" {task_id.replace('-', '')} "}
    return tuple(text[1:-1].encode(errors="replace") for text in sorted(texts))


def _json(raw: bytes) -> Any:
    if len(raw) > _MAX_MESSAGE_BYTES:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _found(message: Any, task_id: str) -> FoundMessage | None:
    """The message, if it is that of the task. Its body is not decoded."""
    if isinstance(message, str):
        message = _json(message.encode())
    if not isinstance(message, dict):
        return None
    headers, properties = message.get("headers"), message.get("properties")
    headers = headers if isinstance(headers, dict) else {}
    ids = [headers.get("id"), properties.get("correlation_id") if isinstance(properties, dict) else None]
    if task_id not in map(id_text, ids):
        return None
    retries = headers.get("retries")
    return FoundMessage(
        name=_text(headers.get("task")),
        eta=_text(headers.get("eta")),
        expires=_text(headers.get("expires")),
        retries=retries if type(retries) is int and 0 <= retries < 2**31 else 0,
    )


def _text(value: Any) -> str | None:
    return value[:255] if isinstance(value, str) and value else None
