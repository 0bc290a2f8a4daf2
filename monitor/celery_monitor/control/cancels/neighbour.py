"""Answers starting workers which tasks are cancelled, as another worker would.

So a worker that starts between a cancel and its task knows of the cancel before it fetches the task. A worker
that starts with ``--without-mingle`` asks no neighbour.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import cached_property, partial
from typing import Any

from celery_health.survey.app_connection import AppConnection
from celery_health.threads import SingleThread, start_in_thread
from celery_monitor.control.cancels.mingle import Question, question_in
from celery_monitor.control.own_app import own_app
from celery_monitor.events.receivers.opening import open_receiver
from celery_monitor.events.receivers.purpose import REMOTE_CONTROL
from celery_monitor.remote_control.connecting import SECONDS, connected

_MAX_QUESTIONS = 1_000
_THREAD_SECONDS = 4 * SECONDS
_NODE = "celery-monitor"
"""The name under which the monitor answers. It answers no other question."""


class Neighbour:
    """Listens to remote control while there are cancelled tasks, and only then."""

    def __init__(self, connection: AppConnection) -> None:
        self._connection = connection
        self._task_ids: tuple[str, ...] = ()
        self._questions: asyncio.Queue[Question] = asyncio.Queue(_MAX_QUESTIONS)
        self._thread: SingleThread[None] = SingleThread(_THREAD_SECONDS)
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._opened = ExitStack()
        self._replies: Any = None

    def offer(self, task_ids: Sequence[str]) -> None:
        """The tasks that are cancelled now."""
        self._task_ids = tuple(task_ids)
        if self._task_ids and not self._tasks:
            self._tasks = (asyncio.create_task(self._listen()), asyncio.create_task(self._answer()))
        elif not self._task_ids and self._tasks:
            self._stop()

    async def close(self) -> None:
        """Stop listening."""
        stopped = self._stop()
        await asyncio.gather(*stopped, return_exceptions=True)

    def _stop(self) -> tuple["asyncio.Task[None]", ...]:
        stopped, self._tasks = self._tasks, ()
        for task in stopped:
            task.cancel()
        self._thread.run_at_end(self._disconnect)
        return stopped

    def _disconnect(self) -> None:
        """Close the connection for answers, which may block, in a thread of its own."""
        self._replies = None
        start_in_thread(self._opened.pop_all().close)

    async def _listen(self) -> None:
        connection = self._connection
        receiver = open_receiver(
            connection.broker,
            exchange=f"{connection.exchange}.pidbox",
            key_prefix=connection.naming.key_prefix,
            fanout_prefix=connection.fanout_prefix,
            purpose=REMOTE_CONTROL,
        )

        def take(messages: Sequence[bytes], _received: float) -> None:
            for message in messages:
                question = question_in(message, envelope=receiver.envelopes)
                if question is not None and not self._questions.full():
                    self._questions.put_nowait(question)

        await receiver.run(take)

    async def _answer(self) -> None:
        # A worker waits one second for answers: too short for a new connection on a busy machine.
        with suppress(Exception):
            await self._thread.run(self._connect_anew)
        while True:
            question = await self._questions.get()
            task_ids = self._task_ids
            # Without an answer the worker is ordered when it is online.
            with suppress(Exception):
                await self._thread.run(partial(self._reply, question, task_ids))

    @cached_property
    def _app(self) -> Any:
        return own_app(self._connection, result_backend=None)

    def _reply(self, question: Question, task_ids: Sequence[str]) -> None:
        if question.exchange != f"reply.{self._connection.exchange}.pidbox":
            return
        try:
            self._publish(question, task_ids)
        except Exception:  # the connection was lost since the last answer
            self._connect_anew()
            self._publish(question, task_ids)

    def _publish(self, question: Question, task_ids: Sequence[str]) -> None:
        self._replies.publish(
            # A list: the worker notes the tasks with the time of its own clock.
            {_NODE: {"revoked": list(task_ids)}},
            exchange=question.exchange,
            routing_key=question.routing_key,
            serializer=question.serializer,
            headers={"ticket": question.ticket, "clock": 1},
            retry=False,
        )

    def _connect_anew(self) -> None:
        with suppress(Exception):
            self._opened.close()
        # RabbitMQ confirms the answer, or a connection that it has closed would swallow it.
        connection = self._opened.enter_context(connected(self._app, confirm_publish=True))
        connection.connect()
        self._replies = connection.Producer(connection.default_channel)
