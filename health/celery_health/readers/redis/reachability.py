"""The meaning of errors of redis-py."""

import re
from collections.abc import Callable
from typing import Any

from redis import exceptions
from redis.asyncio.sentinel import MasterNotFoundError

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reachability
from celery_health.readers.connection_errors import connection_error
from celery_health.readers.reachability import Reachability
from celery_health.readers.redis.connection import SentinelLoginError
from celery_health.urls import BrokerKind, BrokerUrl

# As Redis, servers that are compatible with it, and proxies word it.
_MISSING = re.compile(
    r"unknown (sub)?command|unsupported|not supported|not implemented|not available|\Ainvalid request",
    re.IGNORECASE,
)


def is_missing_command(answer: Any) -> bool:
    """Whether the answer says that the server has no such command: an answer to an optional question."""
    return isinstance(answer, exceptions.ResponseError) and _MISSING.search(str(answer)) is not None


def is_cluster_error(answer: Any) -> bool:
    """Whether only a Redis Cluster answers like this. Clients before redis 6 have no class for it."""
    if isinstance(answer, exceptions.MovedError | exceptions.ClusterCrossSlotError):
        return True
    return isinstance(answer, exceptions.ResponseError) and str(answer).startswith(("MOVED ", "CROSSSLOT "))


def redis_reachability(error: BaseException, url: BrokerUrl) -> Reachability:
    """The meaning of ``error``, in words without credentials."""
    if meaning := _of_answer(error, url) or connection_error(error, url):
        return meaning
    if isinstance(error, exceptions.ConnectionError):
        return reachability.connection_closed(url)
    return (
        reachability.other_error(url, error)
        if isinstance(error, exceptions.ResponseError)
        else reachability.not_understood(url)
    )


def _of_answer(error: BaseException, url: BrokerUrl) -> Reachability | None:
    for text, meaning_of_text in reachability.REDIS_ERRORS:
        if text in str(error):
            return meaning_of_text(url)
    if is_missing_command(error):
        return _no_such_command(error, url)
    if is_cluster_error(error):
        return cluster(url)
    for kind, meaning_of_kind in _BY_KIND:
        if isinstance(error, kind):
            return meaning_of_kind(url)
    return None


def _sentinel_login(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.UNSUPPORTED_KIND,
        f"The Sentinel {url.address} answers, and asks for a login of its own: use -A APP, with "
        "sentinel_kwargs in broker_transport_options.",
        reachable=None,  # the workers may have it
    )


def _login_refused(url: BrokerUrl) -> Reachability:
    if "credential_provider" not in url.query:
        return reachability.authentication_failed(url)
    return Reachability(
        BrokerReason.UNSUPPORTED_KIND,
        f"{url.address} answers, and asks for the login of the credential_provider in the URL: use -A APP.",
        reachable=None,  # the workers have it
    )


def _no_master(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.ERROR,
        f"No Sentinel of {url.address} knows a master {url.master_name}: correct the name, or wait for the "
        "failover.",
    )


def cluster(url: BrokerUrl) -> Reachability:
    """A Redis Cluster: the keys of a worker are in several slots, and may be on several servers."""
    return Reachability(
        BrokerReason.ERROR,
        f"{url.address} is a Redis Cluster, where workers end: use a Redis without cluster mode, or set "
        "global_keyprefix in broker_transport_options to a hash tag, such as {shop}.",
    )


def _no_such_command(error: BaseException, url: BrokerUrl) -> Reachability:
    if url.kind is BrokerKind.SENTINEL and "SENTINEL" in str(error).upper():
        return Reachability(
            BrokerReason.ERROR,
            f"{url.address} is no Sentinel: write redis://, or the address of a Sentinel.",
        )
    return Reachability(
        BrokerReason.UNSUPPORTED_KIND,
        f"{url.address} answers, and lacks a command: {reachability.quoted(error)}.",
        reachable=True,
    )


def _not_permitted(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.NOT_PERMITTED,
        f"{url.address} accepts the login but does not let the user count the queues: allow LLEN on their "
        "keys (+llen).",
        reachable=True,
    )


_BY_KIND: tuple[tuple[type[Exception], Callable[[BrokerUrl], Reachability]], ...] = (
    (SentinelLoginError, _sentinel_login),
    (MasterNotFoundError, _no_master),
    (exceptions.AuthenticationError, _login_refused),
    (exceptions.NoPermissionError, _not_permitted),
    (exceptions.BusyLoadingError, reachability.loading),
    (exceptions.TimeoutError, reachability.timed_out),
)
