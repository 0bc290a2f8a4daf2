"""Queues on Redis: one list for each priority step, the next message at the tail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import exceptions

from celery_health.broker import RedisNaming
from celery_health.dead_letters.letter import MAX_MESSAGES
from celery_health.dead_letters.message import of_redis
from celery_health.dead_letters.redis import RedisDeadLetters
from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.redis.keys import list_keys
from celery_health.readers.timeouts import PATIENT_SECONDS
from celery_health.task_ids import shown_id
from celery_health.urls import BrokerUrl
from celery_monitor.control.messages.waiting import WaitingMessage, waiting

_CHUNK = 10
_MAX_BYTES = 16 * 1024 * 1024
"""Of the messages of one answer."""
_ATTEMPTS = 50


class QueueChangesError(Exception):
    """The queue has more messages than may be removed. ``messages``: how many it has."""

    def __init__(self, messages: int) -> None:
        super().__init__(messages)
        self.messages = messages


async def peek(
    url: BrokerUrl, naming: RedisNaming, queue: str, priority: int | None, limit: int
) -> list[WaitingMessage]:
    """The next messages of a queue, or of one of its priorities. Nothing changes. Raises as redis-py."""
    connection = RedisConnection(url, seconds=PATIENT_SECONDS)
    found: list[WaitingMessage] = []
    position = read = 0
    try:
        client: Any = connection.client()
        for step, key in zip(naming.priority_steps or (0,), list_keys(queue, naming), strict=True):
            length = await client.llen(key)
            behind = 0
            while priority in {None, step} and len(found) < limit and read < _MAX_BYTES:
                most = min(_CHUNK, limit - len(found))
                chunk = await client.lrange(key, -(behind + most), -(behind + 1))
                for offset, raw in enumerate(reversed(chunk)):
                    read += len(raw)
                    found.append(waiting(of_redis(raw), step, position + behind + offset))
                behind += len(chunk)
                if len(chunk) < most:
                    break
            position += length
    finally:
        await connection.close()
    return found


@dataclass(frozen=True, slots=True)
class Removal:
    """``done``: a message was removed. Otherwise ``unread`` messages were not searched."""

    done: bool
    unread: int = 0


def remove(url: BrokerUrl, naming: RedisNaming, queue: str, task_id: str) -> Removal:
    """Remove the first message of a task among the next MAX_MESSAGES of each priority. It blocks.

    Raises:
        DeadLetterError: Redis cannot be used.
    """
    unread = 0
    for key in list_keys(queue, naming):
        messages = RedisDeadLetters(url, naming, key.removeprefix(naming.key_prefix))
        try:
            page = messages.read(MAX_MESSAGES)
            unread += max(0, page.total - len(page.letters))
            digest = next((letter.digest for letter in page.letters if letter.id == shown_id(task_id)), None)
            if digest is not None and all(result.done for result in messages.drop([digest])):
                return Removal(done=True)
        finally:
            messages.close()
    return Removal(done=False, unread=unread)


async def count(url: BrokerUrl, naming: RedisNaming, queue: str) -> int:
    """How many messages wait. Raises as redis-py."""
    connection = RedisConnection(url, seconds=PATIENT_SECONDS)
    client: Any = connection.client()
    try:
        return sum([await client.llen(key) for key in list_keys(queue, naming)])
    finally:
        await connection.close()


async def purge(url: BrokerUrl, naming: RedisNaming, queue: str, most: int) -> int:
    """Remove all messages in one transaction; how many.

    Raises:
        QueueChangesError: there are more than ``most``. Nothing is removed.
        RedisError, OSError: as redis-py.
    """
    connection = RedisConnection(url, seconds=PATIENT_SECONDS)
    client: Any = connection.client()
    keys: Sequence[str] = list_keys(queue, naming)
    messages = 0
    try:
        for _ in range(_ATTEMPTS):
            async with client.pipeline(transaction=True) as pipeline:
                await pipeline.watch(*keys)
                messages = sum([await pipeline.llen(key) for key in keys])
                if messages > most:
                    raise QueueChangesError(messages)
                pipeline.multi()
                pipeline.delete(*keys)
                try:
                    await pipeline.execute()
                except exceptions.WatchError:  # a message came or went meanwhile
                    continue
                return messages
        raise QueueChangesError(messages)
    finally:
        await connection.close()
