"""Why a broker that answers serves no worker: asked where none answers, because then it may be the cause."""

import asyncio

from celery_health.broker import BrokerReading
from celery_health.readers.reachability import Reachability
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.threads import run_in_thread
from celery_health.tls import THIS_PYTHON

_SECONDS = 1.0


async def broker_refusal(connection: AppConnection, budget: Budget) -> BrokerReading | None:
    """An alarm of RabbitMQ, or a Redis Cluster on which the application's workers end. Never raises."""
    url, seconds = connection.broker, min(_SECONDS, budget.left)
    if url.alternates:
        return None
    try:
        if url.kind.is_amqp:
            found = await _alarm(connection, seconds)
        elif url.kind.is_redis and connection.app is not None:
            found = await asyncio.wait_for(_cluster(connection), seconds)
        else:
            return None
    except Exception:  # nothing is known against it
        return None
    return found.reading(url) if found else None


async def _alarm(connection: AppConnection, seconds: float) -> Reachability | None:
    """The alarm for which RabbitMQ takes no commands for workers."""
    from celery_health.readers.rabbitmq.worker_check import blocked  # noqa: PLC0415

    return await run_in_thread(lambda: blocked(connection.broker, seconds), seconds)


async def _cluster(connection: AppConnection) -> Reachability | None:
    from celery_health.readers.redis.connection import RedisConnection  # noqa: PLC0415
    from celery_health.readers.redis.worker_check import cluster_refusal  # noqa: PLC0415

    redis = RedisConnection(connection.broker, THIS_PYTHON)
    try:
        return await cluster_refusal(connection.broker, redis, connection.naming)
    finally:
        await redis.close()
