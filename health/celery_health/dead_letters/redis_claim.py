"""Which command changes a dead-letter queue on Redis: the only one that listens to a channel of its own.

Redis forgets a listener when its connection ends, also that of a command that was killed. A full Redis has
listeners as well.
"""

from typing import Any

from redis import exceptions

from celery_health.readers.redis.connection import RedisConnection
from celery_health.readers.timeouts import PATIENT_SECONDS
from celery_health.urls import BrokerUrl


class RedisClaim:
    """The claim of one command, which it keeps until ``close``."""

    def __init__(self, url: BrokerUrl, key: str) -> None:
        # The databases of a Redis have the same channels.
        self._channel = f"celery-probe.dead-letters/{url.database or 0}.{key}"
        self._connection = RedisConnection(url, seconds=PATIENT_SECONDS)
        self._subscription: Any = None

    async def is_granted(self, client: Any) -> bool:
        """Whether no other command has a claim. True as well if Redis, or a proxy, refuses to listen."""
        try:
            if self._subscription is None:
                self._subscription = self._connection.client().pubsub()
                await self._subscription.subscribe(self._channel)
                await self._subscription.get_message(timeout=PATIENT_SECONDS)
            ((_, listeners),) = await client.pubsub_numsub(self._channel)
        except (exceptions.RedisError, OSError):  # if Redis is away, the next command says so
            return True
        return int(listeners) <= 1

    async def close(self) -> None:
        """End the claim."""
        self._subscription = None
        await self._connection.close()
