"""Removes messages from the lists of Redis, in which they would stay where no worker reads them."""

from collections.abc import Mapping

from celery_health.broker import RedisNaming
from celery_health.broker_url import BrokerUrl
from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.redis.keys import list_keys

_NEWEST = 200
"""Messages at the head of each list that are searched."""


async def remove_messages(url: BrokerUrl, naming: RedisNaming, ids: Mapping[str, str]) -> int:
    """Remove the message of each task, by queue, and return how many were there.

    Raises:
        exceptions.RedisError, OSError: Redis does not answer, or refuses.
    """
    connection = RedisConnection(url)
    removed = 0
    try:
        client = connection.client()
        for queue, task_id in ids.items():
            for key in list_keys(queue, naming):
                for message in await client.lrange(key, 0, _NEWEST - 1):  # type: ignore[misc]
                    if task_id.encode() in message:
                        removed += await client.lrem(key, 1, message)  # type: ignore[misc]
    finally:
        await connection.close()
    return removed
