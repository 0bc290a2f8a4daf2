"""The meaning of errors of redis-py."""

from collections.abc import Callable

from redis import exceptions
from redis.asyncio.sentinel import MasterNotFoundError

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.reachability import Reachability
from celery_health.urls import BrokerUrl


def redis_reachability(error: BaseException, url: BrokerUrl) -> Reachability:
    """The meaning of ``error``, in words without credentials."""
    if "max number of clients" in str(error):
        return reachability.too_many_connections(url)
    for kind, meaning_of_kind in _BY_KIND:
        if isinstance(error, kind):
            return meaning_of_kind(url)
    if meaning := reachability.connection_error(error, url):
        return meaning
    if isinstance(error, exceptions.ConnectionError):
        return reachability.connection_closed(url)
    return reachability.other_error(url, error)


def _no_master(url: BrokerUrl) -> Reachability:
    master = url.query.get("master_name", "")
    return Reachability(
        BrokerReason.ERROR,
        f"No Sentinel of {url.address} knows a master {master}: correct the name, or wait for the failover.",
    )


def _not_permitted(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.NOT_PERMITTED,
        f"{url.address} accepts the login but does not let the user count the queues: allow LLEN on their "
        "keys (+llen).",
        reachable=True,
    )


_BY_KIND: tuple[tuple[type[Exception], Callable[[BrokerUrl], Reachability]], ...] = (
    (MasterNotFoundError, _no_master),
    (exceptions.AuthenticationError, reachability.authentication_failed),
    (exceptions.NoPermissionError, _not_permitted),
    (exceptions.BusyLoadingError, reachability.loading),
    (exceptions.TimeoutError, reachability.timed_out),
)
