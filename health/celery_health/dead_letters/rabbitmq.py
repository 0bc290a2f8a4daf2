"""A dead-letter queue on RabbitMQ: a durable queue, whose messages also say where they were first sent.

AMQP shows a message only by delivering it. Each command fetches messages without acknowledging them and gives
them back at its end. RabbitMQ puts them back to their places and sets their ``redelivered`` flag. If the
command is killed, RabbitMQ does the same when the connection ends.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
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
    numbered,
)
from celery_health.dead_letters.message import Message
from celery_health.readers.rabbitmq.connection import amqp_reachability, connected
from celery_health.readers.reachability import quoted
from celery_health.readers.timeouts import PATIENT_SECONDS
from celery_health.urls import BrokerUrl

EXCHANGE_HEADER = "x-celery-probe-exchange"
ROUTING_KEY_HEADER = "x-celery-probe-routing-key"
"""The headers that quarantine adds: how the message was first sent."""
_DEFAULT_EXCHANGE = "amq.default"
_NOWHERE = "celery-probe.nowhere"
_GET = (60, 70)


class RabbitDeadLetters:
    """One connection, with a channel that fetches and another one that publishes."""

    def __init__(self, url: BrokerUrl, queue: str) -> None:
        self._url = url
        self._queue = queue
        self._connection: Any = None

    def read(self, limit: int) -> Page:
        """The oldest messages."""
        with self._fetching() as (channel, total):
            fetched = self._fetched(channel, min(limit, total))
            return Page(numbered(_message(one).letter() for one in fetched), total)

    def details(self, digest: str) -> LetterDetails | None:
        """Fetch until the message is found."""
        with self._fetching() as (channel, total):
            found = (_message(one) for one in self._fetched(channel, min(MAX_MESSAGES, total)))
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
            for original in self._fetched(channel, min(MAX_MESSAGES, total)):
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
    def _fetching(self) -> Iterator[tuple[Any, int]]:
        """A channel, and the length of the queue. What was fetched and not acknowledged is given back."""
        with self._explained():
            channel = self._connection.channel()
            try:
                total = channel.queue_declare(queue=self._queue, passive=True).message_count
            except amqp.NotFound:
                yield self._connection.channel(), 0
                return
            yield channel, total
            if channel.connection is not None:
                channel.close()  # when RabbitMQ answers, it has given back what was not acknowledged

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Within the block there is a connection. After an error there is none, which also gives all back."""
        self._connect()
        try:
            yield
        except BaseException as error:
            self.close()
            if isinstance(error, amqp.AccessRefused) and error.method_sig == _GET:
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

    def _fetched(self, channel: Any, limit: int) -> Iterator[Any]:
        for _ in range(limit):
            original = channel.basic_get(self._queue, no_ack=False)
            if original is None:  # another program is reading the queue
                return
            yield original

    def _publish(self, found: Message, original: Any, to: str | None) -> Result:
        exchange, key = ("", to) if to else (found.exchange, found.routing_key)
        if exchange is None or key is None:
            problem = "The message does not show which queue it came from: use --to QUEUE."
            return Result(found.digest, done=False, problem=problem)
        if not exchange and key == self._queue:
            problem = f"The message was sent to {quoted(key)} itself: use --to QUEUE."
            return Result(found.digest, done=False, problem=problem)
        if refusal := self._refusal(_without_route(original), exchange, key):
            return Result(found.digest, done=False, problem=refusal)
        return Result(found.digest, done=True, queue=key if not exchange else f"{exchange}/{key}")

    def _refusal(self, published: amqp.Message, exchange: str, key: str) -> str | None:
        """Publish the message. Returns why RabbitMQ does not take it."""
        channel = self._connection.channel()
        returned: list[object] = []
        refusal: str | None
        channel.events["basic_return"].add(lambda *answer: returned.append(answer))
        try:
            channel.basic_publish_confirm(
                published, exchange=exchange, routing_key=key, mandatory=True, timeout=PATIENT_SECONDS
            )
        except amqp.AccessRefused:
            refusal = _missing("write", exchange or _DEFAULT_EXCHANGE, self._url)
        except (amqp.NotFound, amqp.PreconditionFailed) as error:  # py-amqp opens the channel again
            refusal = f"RabbitMQ: {quoted(error.reply_text)}."
        except MessageNacked:
            refusal = "RabbitMQ did not accept the message: the queue is full, or its node is down."
        else:
            refusal = _unroutable(exchange, key) if returned else None
        channel.close()
        return refusal

    def _check_not_blocked(self) -> None:
        """Publish a message that no queue gets, before the first one that counts and before any is fetched.

        RabbitMQ with an alarm reads nothing more of a connection that publishes, and not even its end. After
        the alarm it would store what this command has published, although the command has failed.
        """
        with self._explained(), suppress(amqp.AccessRefused):  # the messages may be for other exchanges
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


def _unroutable(exchange: str, key: str) -> str:
    if not exchange:
        return f"The queue {quoted(key)} does not exist: start a worker that consumes it, or use --to QUEUE."
    return f"No queue is bound to exchange {quoted(exchange)} with routing key {quoted(key)}: use --to QUEUE."


def _message(original: Any) -> Message:
    headers = original.properties.get("application_headers") or {}
    route = tuple(
        value if isinstance(value := headers.get(name), str) else None
        for name in (EXCHANGE_HEADER, ROUTING_KEY_HEADER)
    )
    return message.of_amqp(_body(original), original.properties, (route[0], route[1]))


def _without_route(original: Any) -> Any:
    """The message as it was first sent."""
    properties = dict(original.properties)
    headers = properties.get("application_headers") or {}
    properties["application_headers"] = {
        name: value for name, value in headers.items() if name not in {EXCHANGE_HEADER, ROUTING_KEY_HEADER}
    }
    return amqp.Message(_body(original), **properties)


def _body(original: Any) -> bytes:
    body = original.body
    return body.encode() if isinstance(body, str) else bytes(body)
