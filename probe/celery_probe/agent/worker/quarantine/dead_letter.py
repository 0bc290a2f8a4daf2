"""Moves a message that a worker has received to the dead-letter queue, before the broker may forget it.

The loop waits for it, so every wait for the broker is bounded.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any, Callable, Iterator

from celery_probe.agent.worker.own_connection import TIMEOUT_SECONDS, own_connection

EXCHANGE_HEADER = "x-celery-probe-exchange"
ROUTING_KEY_HEADER = "x-celery-probe-routing-key"
QUEUE_HEADER = "x-celery-probe-queue"

# RabbitMQ delivers a copy of the message to each queue that these headers name, with each publication.
COPIES_HEADERS = {"CC": "x-celery-probe-cc", "BCC": "x-celery-probe-bcc"}

# A queue is to keep messages for ever, and a broker refuses the name of another user.
LEFT_OUT = ("expiration", "user_id")

# The key of ``delivery_info`` with the queue that delivered a message.
_QUEUE = "celery_probe_queue"

Move = Callable[[Any], bool]


# No queue has this name: RabbitMQ confirms the message, and drops it.
NOWHERE = "celery-probe.nowhere"


class UnknownTransportError(Exception):
    """No message can be moved with this transport."""


class BlockedError(Exception):
    """RabbitMQ reads no messages, because it has too little memory or disk space."""


def is_rabbitmq(consumer: Any) -> bool:
    """Whether the consumer's messages come from RabbitMQ."""
    return _kind(consumer) == "amqp"


def note_queue(consumer: Any, message: Any) -> None:
    """Note with a message that arrives from RabbitMQ which queue delivered it.

    Later the worker may have another consumer tag for the queue, or, when it drains, none.
    """
    if _QUEUE in message.delivery_info:
        return
    wanted, tags = message.delivery_info["consumer_tag"], consumer.task_consumer._active_tags
    message.delivery_info[_QUEUE] = next((queue for queue, tag in tags.items() if tag == wanted), None)


def is_unacknowledged(consumer: Any, message: Any) -> bool:
    """Whether the message is still this worker's: the stop hook, for example, gives messages back."""
    if _kind(consumer) == "redis":
        qos = consumer.task_consumer.channel.qos
        return message.delivery_tag in qos._delivered and message.delivery_tag not in qos._dirty
    # What an earlier connection delivered has been delivered again since.
    return not message.acknowledged and message.channel is consumer.task_consumer.channel


def acknowledge(consumer: Any, message: Any) -> None:
    """Have the broker, or with Redis this worker alone, forget the delivery of a message that was moved."""
    if _kind(consumer) == "redis":
        consumer.task_consumer.channel.qos._quick_ack(message.delivery_tag)
    else:
        message.ack()


@contextmanager
def mover(consumer: Any, queue: str) -> Iterator[Move]:
    """A function that moves one message of this Celery consumer to ``queue``, and says whether it did.

    It did not if the message is no longer this worker's. Call it in the consumer's loop. It raises what the
    broker's client raises: then the message is where it was, or in both places.
    """
    kind = _kind(consumer)
    movers = {"redis": _redis_mover, "amqp": _amqp_mover}
    if kind not in movers:
        raise UnknownTransportError(kind)
    with movers[kind](consumer, queue) as move:
        yield move


@contextmanager
def _redis_mover(consumer: Any, queue: str) -> Iterator[Move]:
    channel = consumer.task_consumer.channel
    pool = channel._get_pool()
    # Without a retry: a transaction whose answer is late may have been executed.
    pool.connection_kwargs.pop("retry", None)
    pool.connection_kwargs.update(
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry_on_timeout=False,
        retry_on_error=[],
    )
    client = channel.Client(connection_pool=pool)
    try:
        yield lambda message: _move_in_redis(client, channel.qos, queue, message.delivery_tag)
    finally:
        pool.disconnect()


def _move_in_redis(client: Any, qos: Any, queue: str, tag: str) -> bool:
    """Push the message and forget the delivery, in one transaction.

    No WATCH guards the time after HGET: every delivery of the fleet changes the watched hash. If the
    visibility timeout ends just then, the message is in both queues.
    """
    stored = client.hget(qos.unacked_key, tag)
    if stored is not None:
        # A transaction goes on after a command that meets the wrong type of key: this one raises before it.
        client.llen(queue)
        raw = json.dumps(json.loads(stored)[0])
        with client.pipeline(transaction=True) as pipe:
            pipe.lpush(queue, raw)
            pipe.hdel(qos.unacked_key, tag)
            pipe.zrem(qos.unacked_index_key, tag)
            pipe.execute()
    return stored is not None


@contextmanager
def _amqp_mover(consumer: Any, queue: str) -> Iterator[Move]:
    with own_connection(consumer) as (transport, connection):
        channel = _channel_to(connection, transport, queue)
        connection.on_blocked = _raise_blocked
        _check_not_blocked(channel)
        yield lambda message: _move_in_rabbitmq(channel, queue, message)


def _raise_blocked(_reason: str) -> None:
    raise BlockedError


def _check_not_blocked(channel: Any) -> None:
    """Raise BlockedError if RabbitMQ is to block publishers.

    It does so from the first message of a connection on, which it stores when it reads on later. Of a message
    that is tried again and again it would store a copy for each attempt.
    """
    channel.basic_publish_confirm(channel.prepare_message(b""), "", NOWHERE, timeout=TIMEOUT_SECONDS)


def _channel_to(connection: Any, transport: Any, queue: str) -> Any:
    """A channel of the connection; the queue exists."""
    try:
        channel = connection.channel()
        channel.queue_declare(queue, passive=True)
    except transport.channel_errors:
        # The refusal closed that channel.
        channel = connection.channel()
        arguments = {"x-queue-type": "classic"}
        channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
    return channel


def _move_in_rabbitmq(channel: Any, queue: str, message: Any) -> bool:
    properties = {name: value for name, value in message.properties.items() if name not in LEFT_OUT}
    properties.pop("application_headers", None)
    headers = {
        **{COPIES_HEADERS.get(name, name): value for name, value in (message.headers or {}).items()},
        EXCHANGE_HEADER: message.delivery_info.get("exchange") or "",
        ROUTING_KEY_HEADER: message.delivery_info.get("routing_key") or "",
    }
    # The message may have come back from a dead-letter queue with the header.
    headers.pop(QUEUE_HEADER, None)
    if message.delivery_info.get(_QUEUE):
        headers[QUEUE_HEADER] = message.delivery_info[_QUEUE]
    body = _as_sent(message, headers)
    properties["delivery_mode"] = 2
    first = {name: properties.pop(name, None) for name in ("priority", "content_type", "content_encoding")}
    copy = channel.prepare_message(body, headers=headers, properties=properties, **first)
    # An unroutable message is returned before its confirm, and raises.
    channel.basic_publish_confirm(copy, "", queue, mandatory=True, timeout=TIMEOUT_SECONDS)
    return True


def _as_sent(message: Any, headers: dict[str, Any]) -> Any:
    """The body, compressed as it was: kombu decompresses what it receives, and leaves the header.

    RabbitMQ took the message as it was sent, and may refuse one of the decompressed size.
    """
    # kombu imports it with its messages.
    from kombu.compression import compress  # noqa: PLC0415

    if not headers.get("compression"):
        return message.body
    try:
        return compress(message.body, headers["compression"])[0]
    except Exception:
        # The application's own method, registered without its other half.
        del headers["compression"]
        return message.body


def _kind(consumer: Any) -> str:
    return str(consumer.connection.transport.driver_type)
