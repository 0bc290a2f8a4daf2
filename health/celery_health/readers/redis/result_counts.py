"""Counts the results in a Redis database by the state of their task: SCAN within limits, never KEYS."""

import asyncio
import re
import time
from collections import Counter
from types import MappingProxyType
from typing import Any

from redis import exceptions
from redis.asyncio import Redis

from celery_health.readers.redis.keys import glob_escaped
from celery_health.readers.redis.server import TaskCounts

UNREADABLE = "UNREADABLE"
_STEP = 2_000
# Celery writes the state first, so the first bytes of a result are enough.
_HEAD = 96
_STATUS = re.compile(rb'\{"status": ?"([A-Za-z0-9_.:-]{1,64})"')


class ResultScan:
    """One scan of a database that had ``total`` keys when the scan began."""

    def __init__(self, client: Redis, key_prefix: str, total: int) -> None:
        prefix = glob_escaped(key_prefix)
        self._client = client
        self._results = f"{prefix}celery-task-meta-*"
        self._replies = f"{prefix}*.reply.*pidbox"
        self._total = total
        self._states: Counter[str] = Counter()
        self._reply_keys = 0
        self._visited = 0

    async def run(self, max_seconds: float, max_keys: int) -> TaskCounts | None:
        """Scan all keys, or as many as the limits allow. None where the user may not scan."""
        deadline = time.monotonic() + max_seconds
        cursor: int = 0
        ended = False
        try:
            async with asyncio.timeout(max_seconds):
                while not ended and self._visited < max_keys and time.monotonic() < deadline:
                    step = min(_STEP, max_keys - self._visited)
                    cursor = await self._step(cursor, step)
                    self._visited += step
                    ended = cursor == 0
        except exceptions.NoPermissionError:
            return None
        except (exceptions.RedisError, OSError, TimeoutError):
            pass  # out of time, or the server failed: the counts so far are a sample
        return TaskCounts(
            by_state=MappingProxyType(dict(self._states)),
            scanned=self._total if ended else min(self._visited, self._total),
            total=self._total,
            sampled=not ended,
            reply_keys=self._reply_keys,
        )

    async def _step(self, cursor: int, step: int) -> int:
        """One step with both patterns. The same cursor visits the same keys."""
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.scan(cursor, match=self._results, count=step)
            pipeline.scan(cursor, match=self._replies, count=step)
            (following, results), (_, replies) = await pipeline.execute()
        if results:
            self._states.update(await self._states_of(results))
        self._reply_keys += len(replies)
        return int(following)

    async def _states_of(self, keys: list[Any]) -> list[str]:
        async with self._client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.getrange(key, 0, _HEAD - 1)
            heads = await pipeline.execute(raise_on_error=False)
        # A result may have expired since SCAN returned its key.
        return [_state(head) for head in heads if head != b""]


def _state(head: Any) -> str:
    found = _STATUS.match(head) if isinstance(head, bytes) else None
    return found[1].decode() if found else UNREADABLE
