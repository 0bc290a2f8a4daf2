"""Readings of results."""

import asyncio

from tools.testbed.servers import RedisServer

from celery_health.survey.app_connection import resolve
from celery_monitor.control.results import Results


async def test_a_reading_does_not_wait_for_callers_who_wait_for_the_end_of_a_task(redis: RedisServer) -> None:
    results = Results(resolve(None, None, redis.database(0), redis.database(1), {}))
    await asyncio.to_thread(lambda: results._app.backend)  # Celery is imported, which takes seconds
    waiting = [asyncio.create_task(results.read("waiting", wait=60)) for _ in range(10)]
    await asyncio.sleep(0)  # they take their turns
    async with asyncio.timeout(30):
        assert (await results.read("other")).state == "PENDING"
    assert not any(one.done() for one in waiting)
    for one in waiting:
        one.cancel()
