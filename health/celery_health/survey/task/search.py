"""Searches a broker for the message of one task."""

from collections.abc import Sequence
from dataclasses import dataclass

from celery_health.readers.redis.task_search import MAX_MESSAGES, TaskFinder, TaskSearch
from celery_health.redaction import redact
from celery_health.survey.app_connection import AppConnection


@dataclass(frozen=True, slots=True)
class Searched:
    """``found`` is None if the messages of this broker cannot be read; ``not_searched`` says why."""

    found: TaskSearch | None
    not_searched: tuple[str, ...] = ()


async def search_for_task(connection: AppConnection, task_id: str, queues: Sequence[str]) -> Searched:
    """Search queues, unacknowledged messages and dead-letter queues. A server that fails does not raise."""
    if connection.broker.kind.is_amqp:
        return Searched(
            None, ("RabbitMQ shows no message without taking it out of its queue, so no queue was searched.",)
        )
    if not connection.broker.kind.is_redis:
        return Searched(None, ("The messages of this broker cannot be read, so no queue was searched.",))
    # Imported only here: the redis package takes 20 MB.
    from redis.exceptions import RedisError  # noqa: PLC0415

    from celery_health.readers.redis.connection import RedisConnection  # noqa: PLC0415

    redis = RedisConnection(connection.broker)
    try:
        found = await TaskFinder(redis.client(), connection.naming, task_id).run(queues)
    except (RedisError, OSError, TimeoutError) as error:
        return Searched(None, (f"The queues were not searched: {redact(str(error)).rstrip('.')}.",))
    finally:
        await redis.close()
    if found.queue is None and not found.complete:
        limit = f"{found.searched} messages of the queues were searched; at most {MAX_MESSAGES} are."
        return Searched(found, (limit,))
    return Searched(found)
