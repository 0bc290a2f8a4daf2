"""Sends a task to the broker, within a time, and says so when the broker did not take it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import uuid4

from celery_health.error_text import in_one_line
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.task.routing import route_options
from celery_health.threads import SingleThread
from celery_monitor.control.once import SentBeforeError, put_once
from celery_monitor.control.own_app import own_app
from celery_monitor.remote_control.connecting import SECONDS, connected

_THREAD_SECONDS = SECONDS + 0.5
_DELIVERY_SECONDS = 20.0
"""For all messages that are sent over one connection."""


class BrokerAwayError(Exception):
    """The broker did not take the message. The message of the error has no secrets.

    ``task_id`` is set where the broker may have taken it although it did not say so.
    """

    def __init__(self, message: str, task_id: str | None = None) -> None:
        super().__init__(message)
        self.task_id = task_id


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message. ``problem``: why the broker did not take it, None if it did.

    ``certain``: False if the broker may have taken it all the same. ``permanent``: another attempt would end
    in the same way.
    """

    problem: str | None = None
    certain: bool = True
    permanent: bool = False


class NoSuchQueueError(Exception):
    """RabbitMQ has no queue of this name, and would drop the message."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A task to send. ``queue`` None: as the application routes it. ``countdown`` in seconds.

    ``task_id`` None: the task gets a new one.
    """

    name: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    queue: str | None = None
    priority: int | None = None
    countdown: float | None = None
    task_id: str | None = None
    root_id: str | None = None
    parent_id: str | None = None


class Submitter:
    """Sends tasks one after the other, each over a connection of its own."""

    def __init__(self, connection: AppConnection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._thread: SingleThread[None] = SingleThread(_THREAD_SECONDS)
        self._delivering = asyncio.Lock()
        self._deliveries: SingleThread[None] = SingleThread(_DELIVERY_SECONDS)

    async def send(self, submission: Submission) -> str:
        """Send the task and return its id.

        Raises:
            BrokerAwayError: the broker does not take messages now.
            NoSuchQueueError: RabbitMQ has no such queue.
        """
        task_id = submission.task_id or str(uuid4())
        began = time.monotonic()
        try:
            async with asyncio.timeout(_THREAD_SECONDS), self._turn:
                began = time.monotonic()
                await self._thread.run(lambda: self._send(task_id, submission))
        except TimeoutError:
            raise self._timed_out(task_id, time.monotonic() - began) from None
        return task_id

    @property
    def sends_once(self) -> bool:
        """Whether ``deliver`` may be repeated: a message that was taken before is not put a second time."""
        return self._connection.broker.kind.is_redis

    async def deliver(self, submissions: Sequence[Submission]) -> list[Delivery]:
        """Send tasks, each with an id, over one connection; what became of each. It never raises."""
        done: list[Delivery] = []
        try:
            async with self._delivering:
                await self._deliveries.run(lambda: self._deliver(submissions, done))
        except TimeoutError:
            pass
        address = self._connection.broker.address
        unknown = Delivery(
            f"{address} did not take the message in time. It may still take it.", certain=False
        )
        return [*done, *[unknown] * (len(submissions) - len(done))][: len(submissions)]

    def _deliver(self, submissions: Sequence[Submission], done: list[Delivery]) -> None:
        with connected(self._app, confirm_publish=True) as connection:
            try:
                connection.connect()
            except Exception as error:  # nothing was sent
                done.extend([Delivery(self._refused(error))] * len(submissions))
                return
            for submission in submissions:
                done.append(self._deliver_one(connection, submission))  # noqa: PERF401 (read meanwhile)

    def _deliver_one(self, connection: Any, submission: Submission) -> Delivery:
        from amqp.exceptions import NotFound  # noqa: PLC0415
        from redis.exceptions import ResponseError  # noqa: PLC0415

        assert submission.task_id is not None
        try:
            if self.sends_once:
                put_once(connection.default_channel, submission.task_id)
            self._publish(connection, submission.task_id, submission)
        except SentBeforeError:
            return Delivery()
        except NotFound:
            return Delivery(_no_queue(submission), permanent=True)
        except Exception as error:
            cause = error.__cause__ or error  # kombu wraps what the transport raises
            if isinstance(cause, ResponseError):  # Redis has refused the transaction, and has put nothing
                return Delivery(self._refused(error), permanent=_stays_refused(cause))
            # Whatever else is raised, the message may be on its way.
            return Delivery(self._refused(error), certain=False)
        return Delivery()

    def _timed_out(self, task_id: str, seconds: float) -> BrokerAwayError:
        return BrokerAwayError(
            f"{self._connection.broker.address} did not take the message within {seconds:.1f} s. It may "
            "still take it: ask for the status of the task before you send it again.",
            task_id,
        )

    @cached_property
    def _app(self) -> Any:
        # Without a result backend: Celery would subscribe to the result of each task and keep that for ever.
        # With an event for each task: so the history knows it before a worker receives it.
        return own_app(self._connection, result_backend=None, task_send_sent_event=True)

    def _send(self, task_id: str, submission: Submission) -> None:
        from amqp.exceptions import NotFound  # noqa: PLC0415

        try:
            # RabbitMQ confirms that it took the message.
            with connected(self._app, confirm_publish=True) as connection:
                self._publish(connection, task_id, submission)
        except NotFound:
            raise NoSuchQueueError(_no_queue(submission)) from None
        except Exception as error:  # whatever the transport raises means the same to the client
            raise BrokerAwayError(self._refused(error)) from None

    def _publish(self, connection: Any, task_id: str, submission: Submission) -> None:
        self._app.send_task(
            submission.name,
            args=list(submission.args),
            kwargs=dict(submission.kwargs),
            task_id=task_id,
            root_id=submission.root_id,
            parent_id=submission.parent_id,
            countdown=submission.countdown,
            priority=submission.priority,
            connection=connection,
            retry=False,
            **route_options(self._connection, self._app, submission.name, submission.queue, connection),
        )

    def _refused(self, error: Exception) -> str:
        return f"{self._connection.broker.address} did not take the message: {in_one_line(error)}"


def _stays_refused(error: BaseException) -> bool:
    """Unlike a Redis that is full, a replica or loads its data: that ends by itself."""
    from redis.exceptions import NoPermissionError  # noqa: PLC0415

    return isinstance(error, NoPermissionError) or "WRONGTYPE" in str(error)


def _no_queue(submission: Submission) -> str:
    return (
        f"RabbitMQ has no queue {submission.queue!r}, and would drop the message: name a queue that a worker "
        "consumes."
    )
