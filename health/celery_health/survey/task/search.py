"""Searches a broker for the message of one task."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from celery_health.dead_letters.letter import DeadLetterError, Letter
from celery_health.dead_letters.opening import open_dead_letters
from celery_health.readers.redis.task_search import (
    MAX_MESSAGES,
    MAX_SECONDS,
    FoundMessage,
    TaskFinder,
    TaskSearch,
)
from celery_health.redaction import redact
from celery_health.survey.app_connection import AppConnection
from celery_health.task_ids import shown_id
from celery_health.threads import run_in_thread
from celery_health.verdicts.text import counted

MOST_DEAD_LETTER_QUEUES = 6
"""Of RabbitMQ, in one search. While one is read, no other program can read it."""
MAX_DEAD_LETTERS = 1_000
"""Of one queue, the oldest."""
_DEAD_LETTER_SECONDS = 3.0
_NOT_SHOWN = "RabbitMQ shows no message without taking it out of its queue, so no queue was searched."


ReadDeadLetters = Callable[[AppConnection, str], Awaitable[tuple[Letter, ...]]]
"""The oldest messages of a dead-letter queue, as ``read_dead_letters`` gives them."""


@dataclass(frozen=True, slots=True)
class Searched:
    """``found`` is None if the messages of this broker cannot be read; ``not_searched`` says why."""

    found: TaskSearch | None
    not_searched: tuple[str, ...] = ()


async def read_dead_letters(connection: AppConnection, queue: str) -> tuple[Letter, ...]:
    """The oldest messages of a dead-letter queue.

    Raises:
        DeadLetterError: the queue cannot be read.
        TimeoutError: the broker does not answer in time.
    """

    def letters() -> tuple[Letter, ...]:
        with closing(open_dead_letters(connection.broker, connection.naming, queue)) as opened:
            return opened.read(MAX_DEAD_LETTERS).letters

    return await run_in_thread(letters, _DEAD_LETTER_SECONDS)


async def search_for_task(
    connection: AppConnection,
    task_id: str,
    queues: Sequence[str],
    dead_letter_queues: Sequence[str] = (),
    *,
    read: ReadDeadLetters = read_dead_letters,
) -> Searched:
    """Search queues, unacknowledged messages and dead-letter queues. A server that fails does not raise.

    ``dead_letter_queues``: those to search on RabbitMQ, which has their messages delivered and takes them
    back. On Redis all are searched, and these first.
    """
    if connection.broker.kind.is_amqp:
        return await _search_dead_letters(connection, task_id, dead_letter_queues, read)
    if not connection.broker.kind.is_redis:
        return Searched(None, ("The messages of this broker cannot be read, so no queue was searched.",))
    # Imported only here: the redis package takes 20 MB.
    from redis.exceptions import RedisError  # noqa: PLC0415

    from celery_health.readers.redis.connection import RedisConnection  # noqa: PLC0415

    redis = RedisConnection(connection.broker)
    try:
        own_first = tuple(dict.fromkeys((*dead_letter_queues, connection.dead_letter_queue)))
        found = await TaskFinder(redis.client(), connection.naming, task_id).run(queues, own_first)
    except (RedisError, OSError, TimeoutError) as error:
        return Searched(None, (f"The queues were not searched: {redact(str(error)).rstrip('.')}.",))
    finally:
        await redis.close()
    return Searched(found, tuple(_limits(found)))


def _limits(found: TaskSearch) -> Iterator[str]:
    """What of a Redis was not searched."""
    if found.is_nowhere and found.unacknowledged is None:
        yield "Not all unacknowledged messages on this Redis were searched."
    if found.queue is None and not found.complete:
        yield (
            f"The search ended after {counted(found.searched, 'message')} of the queues: it reads at most "
            f"{MAX_MESSAGES}, for at most {MAX_SECONDS:g} s."
        )
    if not found.dead_letters_complete:
        yield "Not all dead-letter queues on this Redis were searched."


async def _search_dead_letters(
    connection: AppConnection, task_id: str, queues: Sequence[str], read: ReadDeadLetters
) -> Searched:
    """No worker consumes these queues, so that no task waits while their messages are read."""
    problems = []
    names = tuple(dict.fromkeys(queues))
    for queue in names[:MOST_DEAD_LETTER_QUEUES]:
        try:
            letters = await read(connection, queue)
        except (DeadLetterError, TimeoutError) as error:
            why = redact(str(error)).rstrip(".") or f"{connection.broker.address} did not answer in time"
            problems.append(f"The dead-letter queue {queue} was not searched: {why}.")
            continue
        found = next((letter for letter in letters if letter.id == shown_id(task_id)), None)
        if found is not None:
            message = FoundMessage(name=found.name, retries=found.retries or 0)
            return Searched(TaskSearch(complete=False, dead_letter_queue=queue, message=message))
        if len(letters) == MAX_DEAD_LETTERS:
            problems.append(f"Of {queue}, the {MAX_DEAD_LETTERS} oldest messages were searched.")
    if len(names) > MOST_DEAD_LETTER_QUEUES:
        problems.append(f"Only {MOST_DEAD_LETTER_QUEUES} of {len(names)} dead-letter queues were searched.")
    return Searched(None, (_NOT_SHOWN, *problems))
