"""Reads and removes messages for a caller."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import amqp
from redis.exceptions import RedisError

from celery_health.dead_letters.letter import MAX_MESSAGES, DeadLetterError
from celery_health.error_text import in_one_line
from celery_health.survey.app_connection import AppConnection
from celery_monitor.control.messages import rabbitmq, redis
from celery_monitor.control.messages.redis import QueueChangesError
from celery_monitor.control.messages.waiting import WaitingMessage
from celery_monitor.control.refused import RefusedError
from celery_monitor.control.submit import BrokerAwayError
from celery_monitor.remote_control.turns import TooManyError, Turns

EXPIRES_SECONDS = 120.0
_SECONDS = 20.0
_AWAY = (RedisError, amqp.AMQPError, TooManyError, OSError, TimeoutError)
_RABBITMQ = (
    "RabbitMQ shows a message only by delivering it, which marks it as redelivered and can exceed the "
    "delivery limit of a quorum queue: list the pending tasks of queue {queue} instead, and cancel a task "
    "instead of removing its message."
)


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """``messages`` wait in the queue now. ``confirmation`` lets at most as many be removed."""

    messages: int
    confirmation: str
    expires: float


class MessageRequests:
    """The queues of one broker. Confirmations are those of this process: a restart makes them void."""

    def __init__(self, connection: AppConnection, clock: Callable[[], float]) -> None:
        self._url = connection.broker
        self._naming = connection.naming
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._used: set[str] = set()
        self._thread = Turns(_SECONDS)

    async def peek(self, queue: str, priority: int | None, limit: int) -> Sequence[WaitingMessage]:
        """The next messages of a queue.

        Raises:
            RefusedError: this broker shows none.
            BrokerAwayError: the broker does not answer.
        """
        self._only_redis(queue)
        try:
            peeked = redis.peek(self._url, self._naming, queue, priority, limit)
            return await asyncio.wait_for(peeked, _SECONDS)
        except (RedisError, OSError, TimeoutError) as error:
            raise self._away(error) from None

    async def remove(self, queue: str, task_id: str) -> None:
        """Remove the message of a task.

        Raises:
            RefusedError: it is not there, or this broker removes no single message.
            BrokerAwayError: the broker does not answer.
        """
        self._only_redis(queue)
        try:
            removal = await self._thread.run(lambda: redis.remove(self._url, self._naming, queue, task_id))
        except (DeadLetterError, TooManyError, TimeoutError) as error:
            raise self._away(error) from None
        if removal.unread:
            raise RefusedError(
                f"The message of the task is not among the next {MAX_MESSAGES} of each priority of the "
                f"queue {queue}, and {removal.unread} messages behind them were not searched: cancel the "
                "task instead."
            )
        if not removal.done:
            raise RefusedError(
                f"The queue {queue} has no message of the task: a worker has fetched it, or it is in another "
                "queue. Cancel the task instead."
            )

    async def plan_purge(self, queue: str) -> PurgePlan:
        """How many messages would be removed. Raises as ``purge``."""
        messages = await self._count(queue)
        expires = self._clock() + EXPIRES_SECONDS
        value = f"{expires:.0f}.{messages}.{secrets.token_hex(4)}"
        return PurgePlan(messages, f"{value}.{self._signature(queue, value)}", expires)

    async def purge(self, queue: str, confirmation: str) -> int:
        """Remove all messages that wait; how many.

        Raises:
            RefusedError: the confirmation is not valid, or the queue has more messages than it says.
            BrokerAwayError: the broker does not answer.
        """
        value, _, signature = confirmation.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(queue, value).encode()):
            raise RefusedError(
                "The confirmation is not that of this queue, or the monitor was restarted: request a dry run "
                "and confirm that."
            )
        expires, most, _ = value.split(".")
        if self._clock() > float(expires) or confirmation in self._used:
            raise RefusedError(
                "The confirmation has expired or was used: request a dry run and confirm that."
            )
        # Before the broker is asked, so that a second request at the same time finds it used.
        self._used = {one for one in self._used if float(one.partition(".")[0]) > self._clock()}
        self._used.add(confirmation)
        try:
            return await self._purge(queue, int(most))
        except QueueChangesError as error:
            self._used.discard(confirmation)
            raise RefusedError(
                f"The queue has {error.messages} messages now, and {most} were confirmed: stop what sends to "
                "it, or request a dry run and confirm that."
            ) from None
        except _AWAY as error:
            # The broker may have done it all the same: the confirmation stays used.
            raise self._away(error) from None

    async def _purge(self, queue: str, most: int) -> int:
        if self._url.kind.is_redis:
            return await asyncio.wait_for(redis.purge(self._url, self._naming, queue, most), _SECONDS)
        messages = await self._count(queue)
        if messages > most:
            raise QueueChangesError(messages)
        return await self._thread.run(lambda: rabbitmq.purge(self._url, queue))

    async def _count(self, queue: str) -> int:
        try:
            if self._url.kind.is_redis:
                return await asyncio.wait_for(redis.count(self._url, self._naming, queue), _SECONDS)
            if not self._url.kind.is_amqp:
                raise RefusedError("The queues of this broker cannot be purged by the monitor.")
            found = await self._thread.run(lambda: rabbitmq.count(self._url, queue))
        except _AWAY as error:
            raise self._away(error) from None
        if found is None:
            raise RefusedError(f"RabbitMQ has no queue {queue}: check its name.")
        return found

    def _only_redis(self, queue: str) -> None:
        if not self._url.kind.is_redis:
            raise RefusedError(_RABBITMQ.format(queue=queue))

    def _away(self, error: Exception) -> BrokerAwayError:
        reason = "it does not answer in time" if isinstance(error, TimeoutError) else in_one_line(error)
        return BrokerAwayError(f"{self._url.address} cannot be used: {reason.rstrip('.')}.")

    def _signature(self, queue: str, value: str) -> str:
        return hmac.new(self._key, f"{queue}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]
