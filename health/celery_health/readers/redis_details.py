"""The commands behind ``redis_server``: INFO, then SCAN within a budget. Never KEYS, never a whole value."""

import asyncio
import re
import time
from collections import Counter
from types import MappingProxyType
from typing import Any

from redis import exceptions
from redis.asyncio import Redis

from celery_health.broker import BrokerReading
from celery_health.readers.redis_client import RedisConnection
from celery_health.readers.redis_keys import glob_escaped
from celery_health.readers.redis_server import RedisServer, TaskCounts, server_of, with_tasks
from celery_health.urls import BrokerUrl

UNREADABLE = "UNREADABLE"
_INFO_SECONDS = 3.0
_STEP = 2_000
# Celery writes the state first, so the beginning of a result is enough, however large the rest.
_HEAD = 96
_STATUS = re.compile(rb'\{"status": ?"([A-Za-z0-9_.:-]{1,64})"')


async def read_details(
    url: BrokerUrl, reading: BrokerReading, key_prefix: str, budget_seconds: float, budget_keys: int
) -> RedisServer:
    """The server's own words, and the counts of keys as far as the budget goes."""
    connection = RedisConnection(url)
    server = RedisServer(reading)
    try:
        async with asyncio.timeout(_INFO_SECONDS):
            server = await _server(connection.client(), reading)
        if server.keys is not None:
            scan = _Scan(connection.client(), key_prefix, server.keys)
            server = with_tasks(server, await scan.run(budget_seconds, budget_keys))
    except (exceptions.RedisError, OSError, TimeoutError):
        pass  # it answered a moment ago: what it told so far is what there is
    finally:
        await connection.close()
    return server


async def _server(client: Redis, reading: BrokerReading) -> RedisServer:
    async with client.pipeline(transaction=False) as pipeline:
        pipeline.info()
        pipeline.dbsize()
        info, size = await pipeline.execute(raise_on_error=False)
    return server_of(reading, info if isinstance(info, dict) else {}, size if isinstance(size, int) else None)


class _Scan:
    """One walk over the keys of a database, of ``total`` keys when it began."""

    def __init__(self, client: Redis, key_prefix: str, total: int) -> None:
        prefix = glob_escaped(key_prefix)
        self._client = client
        self._results = f"{prefix}celery-task-meta-*"
        self._replies = f"{prefix}*.reply.*pidbox"
        self._total = total
        self._states: Counter[str] = Counter()
        self._reply_keys = 0
        self._visited = 0

    async def run(self, budget_seconds: float, budget_keys: int) -> TaskCounts | None:
        """Walk until all is seen or the budget is spent; None where the user may not."""
        deadline = time.monotonic() + budget_seconds
        cursor: int = 0
        ended = False
        try:
            async with asyncio.timeout(budget_seconds):
                while not ended and self._visited < budget_keys and time.monotonic() < deadline:
                    step = min(_STEP, budget_keys - self._visited)
                    cursor = await self._step(cursor, step)
                    self._visited += step
                    ended = cursor == 0
        except exceptions.NoPermissionError:
            return None
        except (exceptions.RedisError, OSError, TimeoutError):
            pass  # the budget ran out, or the server: what was counted is a sample
        return TaskCounts(
            by_state=MappingProxyType(dict(self._states)),
            scanned=self._total if ended else min(self._visited, self._total),
            total=self._total,
            sampled=not ended,
            reply_keys=self._reply_keys,
        )

    async def _step(self, cursor: int, step: int) -> int:
        """One step for both patterns: the same cursor visits the same keys."""
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
        # Between SCAN and here a result may have expired: nothing is left of it to count.
        return [_state(head) for head in heads if head != b""]


def _state(head: Any) -> str:
    found = _STATUS.match(head) if isinstance(head, bytes) else None
    return found[1].decode() if found else UNREADABLE
