"""Reads which clients the broker shows, before workers are asked: how many answers there are to wait for."""

import asyncio

from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.evidence.broker_clients import BrokerClients, redis_clients
from celery_health.survey.evidence.listeners import has_no_listener_on_rabbitmq
from celery_health.survey.evidence.redis_clients import with_proven_listeners
from celery_health.threads import run_in_thread

_RABBITMQ_SECONDS = 1.0


async def read_clients(connection: AppConnection, budget: Budget, *, publish: bool) -> BrokerClients:
    """Read them once, within the budget. Never raises: what the broker does not show is None.

    ``publish``: also send a command that no worker obeys, which shows the listeners.
    """
    try:
        if connection.broker.kind.is_redis:
            return await asyncio.wait_for(redis_clients(connection, publish=publish), budget.left)
        if connection.broker.kind.is_amqp and publish:
            return await _on_rabbitmq(connection, min(_RABBITMQ_SECONDS, budget.left))
    except TimeoutError:
        pass
    return BrokerClients()


async def read_listeners(connection: AppConnection, budget: Budget) -> BrokerClients:
    """Read the clients with the listeners, of which none is only shown where the broker has proven it."""
    clients = await read_clients(connection, budget, publish=True)
    if connection.broker.kind.is_redis:
        return await with_proven_listeners(connection, clients, budget)
    return clients


async def _on_rabbitmq(connection: AppConnection, seconds: float) -> BrokerClients:
    def has_no_listener() -> bool:
        return has_no_listener_on_rabbitmq(connection.celery(), connection.exchange, seconds)

    try:
        none_listens = await run_in_thread(has_no_listener, seconds)
    except Exception:  # a missing permission, no answer in time: the number stays unknown
        return BrokerClients()
    return BrokerClients(listeners=0) if none_listens else BrokerClients()
