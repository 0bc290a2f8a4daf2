"""Whether workers can use a broker, as far as its URL alone shows it."""

import asyncio
import time

from celery_health.broker import BrokerReading
from celery_health.readers import reader_for
from celery_health.readers.reachability import timed_out_after
from celery_health.threads import run_in_thread
from celery_health.tls import THIS_PYTHON
from celery_health.urls import BrokerUrl

_RESERVE_SECONDS = 0.1
"""Of a time limit, so that the last question ends before it."""


async def ping_broker(url: BrokerUrl, timeout: float) -> BrokerReading:  # noqa: ASYNC109
    """Connect, log in, and ask whether the user may do what workers do, within ``timeout`` seconds.

    Never raises. Where the permissions alone do not show whether workers can use it, ``reachable`` is None
    and the reason UNSUPPORTED_KIND.
    """
    reader = reader_for(url, python=THIS_PYTHON)
    end = time.monotonic() + timeout
    try:
        async with asyncio.timeout(timeout):
            reading = await reader.read(())
            # Of several URLs nothing shows which one answered.
            if not reading.reachable or (url.alternates and not url.master_name):
                return reading
            if url.kind.is_redis:
                return await _redis_as_worker(url) or reading
            left = end - time.monotonic() - _RESERVE_SECONDS
            return (await _rabbitmq_as_worker(url, left) if url.kind.is_amqp else None) or reading
    except TimeoutError:
        return timed_out_after(url, timeout).reading(url)
    finally:
        await reader.close()


async def _redis_as_worker(url: BrokerUrl) -> BrokerReading | None:
    from redis.exceptions import RedisError  # noqa: PLC0415

    from celery_health.readers.redis.connection import RedisConnection  # noqa: PLC0415
    from celery_health.readers.redis.worker_check import worker_refusal  # noqa: PLC0415

    connection = RedisConnection(url, THIS_PYTHON)
    try:
        refusal = await worker_refusal(url, connection)
    except (RedisError, OSError):
        return None
    finally:
        await connection.close()
    return refusal.reading(url) if refusal else None


async def _rabbitmq_as_worker(url: BrokerUrl, seconds: float) -> BrokerReading | None:
    """None also where the server is too far away to answer all questions in time."""
    from amqp import AMQPError  # noqa: PLC0415

    from celery_health.readers.rabbitmq.worker_check import worker_refusal  # noqa: PLC0415

    try:
        refusal = await run_in_thread(lambda: worker_refusal(url, seconds), seconds)
    except (AMQPError, OSError):
        return None
    return refusal.reading(url) if refusal else None
