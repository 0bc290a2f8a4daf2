"""Counts requests in Redis, and in memory while Redis is away or there is none."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from celery_health.readers.redis.connection import RedisConnection
from celery_health.urls import BrokerUrl

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

KEY_PREFIX = "celery-monitor:limits"
REDIS_SECONDS = 0.5
"""A request waits no longer for Redis, then memory counts."""
RETRY_SECONDS = 5.0
_MAX_KEYS_IN_MEMORY = 20_000


class Counters:
    """Sliding windows of requests. The log says which storage counts, at the start and at each change."""

    def __init__(self, redis: BrokerUrl | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._memory = MemoryStorage()
        self._in_memory = SlidingWindowCounterRateLimiter(self._memory)
        self._connection = RedisConnection(redis) if redis is not None else None
        self._in_redis: RateLimiter | None = None
        # RedisConnection keeps one connection, which serves one command at a time.
        self._lock = asyncio.Lock()
        self._retry_at = 0.0
        self._logged: str | None = None

    @property
    def storage(self) -> str | None:
        """Which storage counts: ``Redis`` or ``memory``; None before the start."""
        return self._logged

    async def start(self) -> None:
        """Connect to Redis, and say in the log which storage counts."""
        if self._connection is None:
            self._report("memory")
        else:
            await self._from_redis(self._ping)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def hit(self, item: RateLimitItem, key: str) -> bool:
        """Count one request. False if the limit is reached; then the request does not count."""
        return await self._counted(lambda limiter: limiter.hit(item, _hidden(key)))

    async def test(self, item: RateLimitItem, key: str) -> bool:
        """Whether one more request is below the limit. Nothing is counted."""
        return await self._counted(lambda limiter: limiter.test(item, _hidden(key)))

    async def _counted(self, count: Callable[[RateLimiter], Awaitable[bool]]) -> bool:
        result = await self._from_redis(count)
        if result is not None:
            return result
        if len(self._memory.expirations) > _MAX_KEYS_IN_MEMORY:
            await self._memory.reset()
        return await count(self._in_memory)

    async def _from_redis(self, command: Callable[[RateLimiter], Awaitable[Result]]) -> Result | None:
        """The result from Redis, None if Redis does not count now."""
        if self._connection is None or self._clock() < self._retry_at:
            return None
        try:
            async with asyncio.timeout(REDIS_SECONDS), self._lock:
                result = await command(self._redis_limiter(self._connection))
        except (RedisError, OSError, TimeoutError) as error:
            self._retry_at = self._clock() + RETRY_SECONDS
            self._report("memory", type(error).__name__)
            return None
        self._report("Redis")
        return result

    def _redis_limiter(self, connection: RedisConnection) -> RateLimiter:
        if self._in_redis is None:
            pool = connection.client().connection_pool
            storage = RedisStorage(
                "async+redis://",
                implementation="redispy",
                key_prefix=KEY_PREFIX,
                connection_pool=pool,  # type: ignore[arg-type] # documented, and not in its type
            )
            self._in_redis = SlidingWindowCounterRateLimiter(storage)
        return self._in_redis

    @staticmethod
    async def _ping(limiter: RateLimiter) -> bool:
        return await limiter.storage.check()

    def _report(self, storage: str, error: str | None = None) -> None:
        if storage == self._logged:
            return
        self._logged = storage
        if error is None:
            logger.info("Rate limiting using %s storage", storage)
        else:
            logger.warning("Rate limiting using %s storage: Redis does not answer (%s)", storage, error)


def _hidden(key: str) -> str:
    """The key without its name: Redis is shared with the application."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
