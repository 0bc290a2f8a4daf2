"""Whether RabbitMQ lets its user do what a worker does, found out without changing anything."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from operator import methodcaller
from typing import Any, NoReturn
from uuid import uuid4

import amqp

from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers.rabbitmq.connection import connected
from celery_health.readers.reachability import Reachability
from celery_health.urls import BrokerUrl

_SHARE_OF_ATTEMPTS = 0.6
"""Of the time that is left. What has not been tried by then counts as permitted: a server may be far away."""
_HEARTBEAT_SECONDS = 10
"""Without heartbeats RabbitMQ keeps a blocked connection until its alarm ends, also one that is closed."""


def worker_refusal(url: BrokerUrl, seconds: float) -> Reachability | None:
    """Why a worker may not be able to use the server; None if nothing is known against it. It blocks.

    Raises:
        amqp.AMQPError, OSError: the connection fails.
    """
    end = time.monotonic() + seconds
    connection = connected(url, seconds=seconds, heartbeat=_HEARTBEAT_SECONDS)
    try:
        now = time.monotonic()
        refused = _refused(connection, now + _SHARE_OF_ATTEMPTS * (end - now))
        # Last, because RabbitMQ answers nothing more on a connection that it blocks.
        if _is_blocked(connection):
            return _alarm(url)
    finally:
        connection.collect()
    if not refused:
        return None
    lacking = " and ".join(
        f"no {access} permission for {', '.join(names)}" for access, names in refused.items()
    )
    return Reachability(
        BrokerReason.UNSUPPORTED_KIND,
        f"{url.address} accepts the login but gives the user {lacking}: workers end there, unless the "
        "application has other names. Extend the user's permissions (rabbitmqctl set_permissions).",
        reachable=None,
    )


def blocked(url: BrokerUrl, seconds: float) -> Reachability | None:
    """The alarm for which the server takes no messages, if it has one. It blocks.

    Raises:
        amqp.AMQPError, OSError: the connection fails.
    """
    connection = connected(url, seconds=seconds, heartbeat=_HEARTBEAT_SECONDS)
    try:
        return _alarm(url) if _is_blocked(connection) else None
    finally:
        connection.collect()


def _alarm(url: BrokerUrl) -> Reachability:
    return Reachability(
        BrokerReason.ALARM,
        f"{url.address} has a memory or disk alarm and takes no messages, also from workers that start: give "
        "the server more memory or disk space, or empty its queues.",
    )


class _BlockedError(Exception):
    """RabbitMQ has said that it takes no messages from this connection."""


def _is_blocked(connection: Any) -> bool:
    """Whether RabbitMQ blocks a publisher. It says so after a message, which here no queue receives."""

    def on_blocked(reason: object) -> NoReturn:
        raise _BlockedError(reason)

    connection.on_blocked = on_blocked
    try:
        # The user may not be allowed to publish to this exchange. The server blocks the connection first.
        with suppress(amqp.AccessRefused):
            connection.channel().basic_publish(amqp.Message(""), routing_key=str(uuid4()))
            connection.channel()
        connection.channel()
    except _BlockedError:
        return True
    return False


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A request that changes nothing. ``needs``: what has to be permitted, and the permission."""

    request: Callable[[Any], object]
    needs: Mapping[str, tuple[str, str]]


def _refused(connection: Any, deadline: float) -> dict[str, list[str]]:
    """The names that the user may not configure, write to and read from, each once."""
    found: dict[str, list[str]] = {"configure": [], "write": [], "read": []}
    channel = None
    for attempt in _attempts(is_rabbitmq=connection.server_properties.get("product") == "RabbitMQ"):
        if time.monotonic() > deadline:
            break
        try:
            channel = channel or connection.channel()
            attempt.request(channel)
        except amqp.AccessRefused as error:
            channel = None
            text = str(error)
            access, name = next(
                (need for what, need in attempt.needs.items() if what in text),
                next(iter(attempt.needs.values())),
            )
            if name not in found[access]:
                found[access].append(name)
        except amqp.ChannelError:  # what does not exist, or an invalid argument: the server permits it
            channel = None
    return {access: names for access, names in found.items() if names}


def _attempts(*, is_rabbitmq: bool) -> list[_Attempt]:
    """Requests for the names that a worker uses. RabbitMQ checks the permissions first.

    A queue of one process has a name here that no queue has. For names that exist the request asks to remove
    a binding that does not, or has an argument for which RabbitMQ, and perhaps no other server, refuses it.
    """
    attempts = [_unbind("celery", "celery", "celery")]
    for queue, shown, exchange in (
        (f"{uuid4()}.reply.celery.pidbox", "UUID.reply.celery.pidbox", "reply.celery.pidbox"),
        (f"worker@{uuid4()}.celery.pidbox", "WORKER.celery.pidbox", "celery.pidbox"),
        (f"celeryev.{uuid4()}", "celeryev.UUID", "celeryev"),
    ):
        attempts += [
            _Attempt(methodcaller("queue_delete", queue), {"": ("configure", shown)}),
            _unbind(queue, shown, exchange),
            _Attempt(methodcaller("basic_get", queue), {"": ("read", shown)}),
            _unbind_exchange(exchange, "celery"),
        ]
    if not is_rabbitmq:
        return attempts
    declare = methodcaller("queue_declare", "celery", arguments={"x-max-length": -1})
    consume = methodcaller("basic_consume", "celery", arguments={"x-priority": "none"})
    attempts += [
        _Attempt(declare, {"": ("configure", "celery")}),
        _Attempt(consume, {"": ("read", "celery")}),
    ]
    for name in ("celery", "celery.pidbox", "reply.celery.pidbox", "celeryev"):
        declare = methodcaller("exchange_declare", name, "direct", arguments={"alternate-exchange": 0})
        attempts.append(_Attempt(declare, {"": ("configure", name)}))
    return attempts


def _unbind(queue: str, shown: str, exchange: str) -> _Attempt:
    return _Attempt(
        methodcaller("queue_unbind", queue, exchange, routing_key=str(uuid4())),
        {f"queue '{queue}'": ("write", shown), f"exchange '{exchange}'": ("read", exchange)},
    )


def _unbind_exchange(written: str, read: str) -> _Attempt:
    return _Attempt(
        methodcaller("exchange_unbind", written, read, routing_key=str(uuid4())),
        {f"exchange '{written}'": ("write", written), f"exchange '{read}'": ("read", read)},
    )
