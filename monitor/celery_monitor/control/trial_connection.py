"""Tries a URL that is not saved yet."""

import asyncio

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.rabbitmq.management import RabbitManagementReader
from celery_health.readers.reachability import timed_out_after
from celery_health.result_backends import ping_result_backend
from celery_health.urls import BrokerUrl, parse_management

TRIAL_SECONDS = 5.0
_AT_ONCE = asyncio.Semaphore(4)


async def try_url(url: str) -> BrokerReading:
    """Connect to a broker, result backend or database and log in, within ``TRIAL_SECONDS``. Never raises."""
    async with _AT_ONCE:
        return await ping_result_backend(url, timeout=TRIAL_SECONDS)


async def try_management(url: str, broker: BrokerUrl) -> BrokerReading:
    """Ask RabbitMQ's management API, with the broker's user if the URL has none.

    Raises:
        UrlError: the URL cannot be used.
    """
    management = parse_management(url)
    if not broker.kind.is_amqp:
        message = "The broker is no RabbitMQ, so it has no management API."
        return BrokerReading("rabbitmq", management.address, False, BrokerReason.UNSUPPORTED_KIND, message)
    reader = RabbitManagementReader(management, broker)
    try:
        async with _AT_ONCE, asyncio.timeout(TRIAL_SECONDS):
            return await reader.read(())
    except TimeoutError:
        return timed_out_after(management, TRIAL_SECONDS).reading(management)
    finally:
        await reader.close()
