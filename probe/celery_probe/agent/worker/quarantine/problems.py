"""Why a message could not be moved to the dead-letter queue, and what to do, in a sentence.

The texts of errors are not shown: redis-py puts the whole message into some of them.
"""

from __future__ import annotations

import re
from typing import Any

# Classes and methods of AMQP.
LOGIN = (10, 11)
DECLARE = (50, 10)
PUBLISH = (60, 40)
DEFAULT_EXCHANGE = "amq.default"

_COMMAND = re.compile(r"no permissions to run the '([a-z|]+)' command")
_SHOWN_OF_QUEUE = 40


def why_not_moved(error: BaseException, consumer: Any, queue: str) -> str:
    """The reason for an error that ``dead_letter.mover`` has raised."""
    if len(queue) > _SHOWN_OF_QUEUE:
        queue = f"{queue[:_SHOWN_OF_QUEUE]}…"
    connection = consumer.connection
    if connection.transport.driver_type == "redis":
        return _of_redis(error, connection.userid or "default", queue)
    return _of_rabbitmq(error, connection, queue)


def _of_redis(error: BaseException, user: str, queue: str) -> str:
    kind = type(error).__name__
    # redis-py writes the command before the answer of Redis.
    answer = str(error).rpartition("caused error: ")[2]
    if kind == "OutOfMemoryError" or answer.startswith("OOM "):
        return "Redis is full (maxmemory): raise maxmemory, or remove what is not needed."
    if kind == "NoPermissionError" or answer.startswith("NOPERM "):
        command = _COMMAND.search(answer)
        missing = f"+{command.group(1)}" if command else f"'~{queue}'"
        return f"Redis refuses user {user}. Run: ACL SETUSER {user} {missing}"
    if kind == "ReadOnlyError" or answer.startswith("READONLY "):
        return "Redis is read-only: this server is a replica, or became one in a failover."
    if answer.startswith("WRONGTYPE "):
        return f"The Redis key {queue} is not a list: rename or delete it."
    return _other("Redis", error)


def _of_rabbitmq(error: BaseException, connection: Any, queue: str) -> str:
    kind, method = type(error).__name__, getattr(error, "method_sig", None)
    if kind == "AccessRefused" and method == DECLARE:
        return _permission(connection, "configure", queue)
    if kind == "AccessRefused" and method == PUBLISH:
        return _permission(connection, "write", DEFAULT_EXCHANGE)
    if kind == "MessageNacked":
        return f"RabbitMQ rejects the message: the queue {queue} is full (max-length), or its node is down."
    if kind == "BlockedError":
        return "RabbitMQ blocks publishers: it has too little memory or disk space (see rabbitmqctl status)."
    return _other("RabbitMQ", error)


def _permission(connection: Any, kind: str, resource: str) -> str:
    user, vhost = connection.userid or "guest", connection.virtual_host or "/"
    patterns = " ".join(word.upper() for word in ("configure", "write", "read"))
    return (
        f"RabbitMQ user {user} has no {kind} permission on {resource}. Let its {kind} pattern match: "
        f"rabbitmqctl set_permissions -p {vhost} {user} {patterns}"
    )


def _other(broker: str, error: BaseException) -> str:
    if isinstance(error, TimeoutError) or type(error).__name__ in {"timeout", "TimeoutError"}:
        return f"{broker} does not answer in time."
    if isinstance(error, OSError) or type(error).__name__ == "ConnectionError":
        return f"{broker} cannot be reached."
    code = getattr(error, "reply_code", None)
    return f"{broker} refuses it: {type(error).__name__}{f' ({code})' if code else ''}."
