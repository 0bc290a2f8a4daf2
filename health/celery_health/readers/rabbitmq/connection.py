"""Connections to RabbitMQ, and the meaning of their errors."""

import re
from functools import partial
from typing import Any

import amqp

from celery_health.readers import reachability
from celery_health.readers.access import ANYWHERE, Access, first_that_connects
from celery_health.readers.budget import Budget
from celery_health.readers.connection_errors import connection_error
from celery_health.readers.rabbitmq.bounded_connection import BoundedConnection
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS
from celery_health.readers.tls import amqp_options
from celery_health.urls import BrokerUrl

# RabbitMQ's own, which all take the user and password of the URL.
_BY_PASSWORD = frozenset({b"PLAIN", b"AMQPLAIN", b"RABBIT-CR-DEMO"})

_METHOD = re.compile(rb"[A-Z][A-Z0-9_-]{1,19}")


class LoginMethodError(amqp.AccessRefused):  # type: ignore[misc]
    """The server refuses the user and password, and offers other methods, which the workers may use."""

    def __init__(self, methods: str) -> None:
        super().__init__(f"refused; the server also offers {methods}")
        self.methods = methods


def connected(
    url: BrokerUrl,
    budget: Budget | None = None,
    access: Access = ANYWHERE,
    seconds: float | None = None,
    heartbeat: int = 0,
) -> Any:
    """A new connection of py-amqp, which takes what it reads from the budget, if any.

    ``seconds``: for the connection and for each answer, None for the limits of a reader. ``heartbeat``: the
    seconds between the heartbeats of the server, 0 for none.
    It raises what py-amqp raises, LoginMethodError or TooMuchError.
    """
    assert url.port is not None
    return first_that_connects(
        url.host, url.port, access, lambda one: _connected_to(one, url, budget, seconds, heartbeat)
    )


def _connected_to(
    address: str, url: BrokerUrl, budget: Budget | None, seconds: float | None, heartbeat: int
) -> Any:
    kind = amqp.Connection if budget is None else partial(BoundedConnection, budget)
    connection = kind(
        host=f"[{address}]:{url.port}" if ":" in address else f"{address}:{url.port}",
        userid=url.username or "guest",
        password=url.password or "guest",
        virtual_host=url.vhost or "/",
        login_method=url.login_method or "PLAIN",
        ssl=amqp_options(url) if url.tls else False,
        connect_timeout=seconds or CONNECT_SECONDS,
        read_timeout=seconds or READ_SECONDS,
        write_timeout=seconds or READ_SECONDS,
        heartbeat=heartbeat,
        client_properties={"connection_name": "celery-operator"},
    )
    try:
        connection.connect()
    except (amqp.ConnectionError, amqp.AccessRefused) as error:
        connection.collect()
        if methods := _other_methods(connection, error, url):
            raise LoginMethodError(methods) from error
        raise
    except BaseException:
        connection.collect()
        raise
    return connection


def _other_methods(connection: Any, error: Exception, url: BrokerUrl) -> str:
    """The server's other login methods, where it refuses the password and the URL names no method."""
    others = set(connection.mechanisms) - _BY_PASSWORD
    # py-amqp has no class of its own for the error that the server does not offer PLAIN.
    is_refused = isinstance(error, amqp.AccessRefused) or b"PLAIN" not in connection.mechanisms
    if url.login_method or not is_refused:
        return ""
    return ", ".join(sorted(one.decode() for one in others if _METHOD.fullmatch(one)))


def amqp_reachability(error: BaseException, url: BrokerUrl) -> Reachability:
    """The meaning of an exception of py-amqp."""
    if isinstance(error, LoginMethodError):
        return reachability.other_login_method(url, error.methods)
    if isinstance(error, amqp.AccessRefused):
        return reachability.authentication_failed(url)
    if isinstance(error, amqp.NotAllowed):
        return _not_allowed(error, url)
    if meaning := connection_error(error, url):
        return meaning
    if isinstance(error, OSError):
        return reachability.connection_closed(url)
    # Only what a server sends with a method of AMQP has one.
    is_amqp = getattr(error, "method_sig", None)
    return (
        reachability.other_error(url, getattr(error, "reply_text", "") or error)
        if is_amqp
        else reachability.not_understood(url)
    )


def _not_allowed(error: amqp.NotAllowed, url: BrokerUrl) -> Reachability:
    if "limit" in str(error):
        return reachability.too_many_connections(url)
    return reachability.no_such_virtual_host(url, "the path of the URL")
