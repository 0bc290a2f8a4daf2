"""Servers of their own for the readers: shared where a test changes nothing for the others."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

import pytest

from celery_health.broker import BrokerReading, RedisNaming
from celery_health.readers import reader_for

Read = Callable[..., Awaitable[BrokerReading]]


@pytest.fixture
async def read() -> AsyncIterator[Read]:
    """Reads once with a reader of its own."""
    async with AsyncExitStack() as stack:

        async def once(
            url: str, queues: Sequence[str] = (), naming: RedisNaming | None = None
        ) -> BrokerReading:
            reader = reader_for(url, naming)
            stack.push_async_callback(reader.close)
            return await reader.read(queues)

        yield once
