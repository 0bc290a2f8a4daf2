"""What an error answer or exception of redis-py means."""

from collections.abc import Callable

from redis import exceptions
from redis.asyncio.sentinel import MasterNotFoundError

from celery_health.broker import BrokerReason
from celery_health.readers import failures
from celery_health.readers.failures import Failure
from celery_health.urls import BrokerUrl


def redis_failure(error: BaseException, url: BrokerUrl) -> Failure:
    """The failure that ``error`` stands for, in words without credentials."""
    if "max number of clients" in str(error):
        return failures.too_many_connections(url)
    for kind, tell in _BY_KIND:
        if isinstance(error, kind):
            return tell(url)
    if failure := failures.of_connection(error, url):
        return failure
    if isinstance(error, exceptions.ConnectionError):
        return failures.connection_closed(url)
    return failures.other(url, error)


def _no_master(url: BrokerUrl) -> Failure:
    master = url.query.get("master_name", "")
    return Failure(
        BrokerReason.ERROR,
        f"No sentinel of {url.address} tells a master {master}: correct the name, or wait for the failover.",
    )


def _not_permitted(url: BrokerUrl) -> Failure:
    return Failure(
        BrokerReason.NOT_PERMITTED,
        f"{url.address} lets its user in but not count the queues: allow it +llen on their keys.",
        reachable=True,
    )


_BY_KIND: tuple[tuple[type[Exception], Callable[[BrokerUrl], Failure]], ...] = (
    (MasterNotFoundError, _no_master),
    (exceptions.AuthenticationError, failures.authentication_failed),
    (exceptions.NoPermissionError, _not_permitted),
    (exceptions.BusyLoadingError, failures.loading),
    (exceptions.TimeoutError, failures.timed_out),
)
