"""A dead-letter queue on RabbitMQ: a durable queue, whose messages also say where they were first sent.

AMQP shows a message only by delivering it. Each command fetches messages without acknowledging them and gives
them back at its end. RabbitMQ puts them back to their places and sets their ``redelivered`` flag. If the
command is killed, RabbitMQ does the same when the connection ends.

Two commands at once would take each other's messages for gone, and replay copies of one message twice.
Therefore each command is the only consumer of the queue while it fetches.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any

import amqp
from amqp.exceptions import MessageNacked

from celery_health.dead_letters import message
from celery_health.dead_letters.interrupts import deferred
from celery_health.dead_letters.letter import (
    GONE,
    MAX_MESSAGES,
    DeadLetterError,
    LetterDetails,
    Page,
    Result,
    in_use,
    numbered,
)
from celery_health.dead_letters.message import Message
from celery_health.readers.rabbitmq.connection import amqp_reachability, connected
from celery_health.readers.reachability import quoted
from celery_health.readers.timeouts import PATIENT_SECONDS
from celery_health.urls import BrokerUrl

EXCHANGE_HEADER = "x-celery-probe-exchange"
ROUTING_KEY_HEADER = "x-celery-probe-routing-key"
QUEUE_HEADER = "x-celery-probe-queue"
"""The headers that quarantine adds: how the message was first sent, and the queue that delivered it."""
_ADDED_HEADERS = {EXCHANGE_HEADER, ROUTING_KEY_HEADER, QUEUE_HEADER}
_COPIES_HEADERS = {"CC", "BCC", "x-celery-probe-cc", "x-celery-probe-bcc"}
"""RabbitMQ delivers a copy of the message to each queue that CC and BCC name. Quarantine renames them."""
_DEFAULT_EXCHANGE = "amq.default"
_NOWHERE = "celery-probe.nowhere"
_CONSUME, _GET = (60, 20), (60, 70)
_CONSUMER = "celery-health"
_IN_USE = "exclusive use"


class RabbitDeadLetters:
    """One connection, with a channel that fetches and another one that publishes."""

    def __init__(self, url: BrokerUrl, queue: str) -> None:
        self._url = url
        self._queue = queue
        self._connection: Any = None

    def read(self, limit: int) -> Page:
        """The oldest messages."""
        with self._fetching() as (channel, total):
            letters = numbered(_message(one).letter() for one in self._oldest(channel, total, limit))
            return Page(letters, total or 0, exists=total is not None)

    def details(self, digest: str) -> LetterDetails | None:
        """Fetch until the message is found."""
        with self._fetching() as (channel, total):
            found = (_message(one) for one in self._oldest(channel, total))
            return next((one.details() for one in found if one.digest == digest), None)

    def replay(self, digests: Sequence[str], to: str | None) -> Iterator[Result]:
        """Publish each message and wait for RabbitMQ's confirmation, then remove it here."""
        self._check_not_blocked()
        put_back: set[str] = set()

        def put_back_once(found: Message, original: Any) -> Result:
            if found.digest in put_back:
                return Result(found.digest, done=True, copy=True)
            result = self._publish(found, original, to)
            if result.done:
                put_back.add(found.digest)
            return result

        yield from self._take(digests, put_back_once)

    def drop(self, digests: Sequence[str]) -> Iterator[Result]:
        """Remove each message."""
        return self._take(digests, lambda found, _: Result(found.digest, done=True))

    def close(self) -> None:
        """Close the connection. RabbitMQ gives back what was fetched."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect()

    def _take(self, digests: Sequence[str], act: Callable[[Message, Any], Result]) -> Iterator[Result]:
        wanted = Counter(digests)
        with self._fetching() as (channel, total):
            for original in self._oldest(channel, total):
                found = _message(original)
                if not wanted[found.digest]:
                    continue
                wanted[found.digest] -= 1
                # Between the two steps a message that was put back is in both queues.
                with deferred() as interrupt:
                    result = act(found, original)
                    if result.done:
                        channel.basic_ack(original.delivery_tag)
                yield result
                interrupt.raise_if_pressed()
                if not wanted.total():
                    break
        for digest in wanted.elements():
            yield Result(digest, done=False, problem=GONE)

    @contextmanager
    def _fetching(self) -> Iterator[tuple[Any, int | None]]:
        """A channel, and the length of the queue, None if there is no such queue.

        What was fetched and not acknowledged is given back.
        """
        with self._explained():
            channel = self._connection.channel()
            # The body as bytes: which text it is by its content_encoding does not matter here.
            channel.auto_decode = False
            try:
                total = channel.queue_declare(queue=self._queue, passive=True).message_count
            except amqp.NotFound:
                yield self._connection.channel(), None
                return
            yield channel, total
            if channel.connection is not None:
                if channel.callbacks:
                    # py-amqp warns of a message that arrives during the close.
                    channel.basic_cancel(_CONSUMER)
                channel.close()  # when RabbitMQ answers, it has given back what was not acknowledged

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Within the block there is a connection. After an error there is none, which also gives all back."""
        self._connect()
        try:
            yield
        except BaseException as error:
            self.close()
            if isinstance(error, amqp.AccessRefused) and _IN_USE in error.reply_text:
                raise in_use(self._queue) from error
            if isinstance(error, amqp.AccessRefused) and error.method_sig in {_CONSUME, _GET}:
                raise DeadLetterError(_missing("read", self._queue, self._url)) from error
            if isinstance(error, amqp.ChannelError):
                raise DeadLetterError(
                    f"{self._url.address} refuses the queue {self._queue}: {quoted(error.reply_text)}."
                ) from error
            if isinstance(error, (amqp.AMQPError, OSError)):
                raise DeadLetterError(amqp_reachability(error, self._url).message) from error
            raise

    def _connect(self) -> None:
        try:
            if self._connection is None:
                self._connection = connected(self._url, seconds=PATIENT_SECONDS)
                self._connection.on_blocked = self._raise_blocked
        except (amqp.AMQPError, OSError) as error:
            raise DeadLetterError(amqp_reachability(error, self._url).message) from error

    def _oldest(self, channel: Any, total: int | None, limit: int = MAX_MESSAGES) -> Iterator[Any]:
        """As many messages as there are now, and no more than ``limit``."""
        return islice(self._fetched(channel), min(limit, total or 0))

    def _fetched(self, channel: Any) -> Iterator[Any]:
        """The messages, the oldest first. From the first one on, this is the only consumer of the queue."""
        delivered: list[Any] = []
        channel.basic_qos(0, 1, a_global=False)
        channel.basic_consume(self._queue, _CONSUMER, exclusive=True, callback=delivered.append)
        empty_answers = 0
        # RabbitMQ may send "empty" before a message that it has already given to the consumer. The message
        # arrives before the next answer.
        while empty_answers < 2:
            fetched = channel.basic_get(self._queue, no_ack=False)
            # The consumer gets one message, and the next one when that is acknowledged. Each is older than
            # what is fetched after its delivery.
            messages = [*delivered, *([fetched] if fetched else [])]
            delivered.clear()
            empty_answers = 0 if messages else empty_answers + 1
            yield from messages

    def _publish(self, found: Message, original: Any, to: str | None) -> Result:
        # Other queues that are bound to the exchange of the message have had it, and are not to get it again.
        queue = to or (found.routing_key if found.exchange == "" else None)
        problem: str | None
        if queue is None:
            problem = "The message does not show which queue it came from: use --to QUEUE."
        elif queue == self._queue:
            problem = f"The message was sent to {quoted(queue)} itself: use --to QUEUE."
        else:
            problem = self._refusal(_as_sent(original), queue)
        return Result(found.digest, done=problem is None, queue=None if problem else queue, problem=problem)

    def _refusal(self, published: amqp.Message, queue: str) -> str | None:
        """Publish the message to the queue. Returns why RabbitMQ does not take it."""
        channel = self._connection.channel()
        returned: list[object] = []
        refusal: str | None
        channel.events["basic_return"].add(lambda *answer: returned.append(answer))
        try:
            channel.basic_publish_confirm(
                published, exchange="", routing_key=queue, mandatory=True, timeout=PATIENT_SECONDS
            )
        except amqp.AccessRefused:
            refusal = _missing("write", _DEFAULT_EXCHANGE, self._url)
        except amqp.PreconditionFailed as error:  # py-amqp opens the channel again
            refusal = f"RabbitMQ: {quoted(error.reply_text)}."
        except MessageNacked:
            refusal = "RabbitMQ did not accept the message: the queue is full, or its node is down."
        else:
            refusal = _unroutable(queue) if returned else None
        channel.close()
        return refusal

    def _check_not_blocked(self) -> None:
        """Publish a message that no queue gets, before the first one that counts and before any is fetched.

        RabbitMQ with an alarm reads nothing more of a connection that publishes, and not even its end. After
        the alarm it would store what this command has published, although the command has failed.
        """
        with self._explained(), suppress(amqp.AccessRefused):  # the refusal of each message says so
            self._connection.channel().basic_publish_confirm(
                amqp.Message(b""), exchange="", routing_key=_NOWHERE, timeout=PATIENT_SECONDS
            )

    def _raise_blocked(self, _reason: str) -> None:
        raise DeadLetterError(
            f"{self._url.address} blocks publishers, because it has too little memory or disk space: run "
            "rabbitmqctl status. Repeat the command afterwards."
        )


def _missing(permission: str, resource: str, url: BrokerUrl) -> str:
    user, vhost = url.username or "guest", url.vhost or "/"
    return (
        f"RabbitMQ user {quoted(user)} has no {permission} permission on {quoted(resource)}. Let its "
        f"{permission} pattern match: "
        f"rabbitmqctl set_permissions -p {quoted(vhost)} {quoted(user)} CONFIGURE WRITE READ"
    )


def _unroutable(queue: str) -> str:
    return f"The queue {quoted(queue)} does not exist: start a worker that consumes it, or use --to QUEUE."


def _message(original: Any) -> Message:
    headers = original.properties.get("application_headers") or {}
    exchange, key, queue = (
        value if isinstance(value := headers.get(name), str) else None
        for name in (EXCHANGE_HEADER, ROUTING_KEY_HEADER, QUEUE_HEADER)
    )
    route = ("", queue) if queue else (exchange, key)
    return message.of_amqp(_body(original), original.properties, route)


def _as_sent(original: Any) -> Any:
    """The message as it was first sent, but for headers by which RabbitMQ would deliver copies again."""
    properties = dict(original.properties)
    headers = properties.get("application_headers") or {}
    properties["application_headers"] = {
        name: value for name, value in headers.items() if name not in _ADDED_HEADERS | _COPIES_HEADERS
    }
    return amqp.Message(_body(original), **properties)


def _body(original: Any) -> bytes:
    """py-amqp has an empty text for no body."""
    return bytes(original.body) if original.body else b""
