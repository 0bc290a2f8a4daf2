"""Asks workers and gives them orders, by Celery's remote control.

Celery's client blocks, so it runs in threads: one for questions, which take seconds, and one for orders,
which must not wait for a question.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from celery_health.error_text import in_one_line
from celery_health.survey.answers.encoding import sendable
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.remote_control import Replies, all_replies, merged, not_refused, sent
from celery_monitor.remote_control.connecting import connected
from celery_monitor.remote_control.turns import TooManyError, Turns

T = TypeVar("T")

ANSWER_SECONDS = 1.5
"""How long workers may take to answer one command."""
_ASKING_SECONDS = 12.0
"""For all commands of a question."""
_THREAD_SECONDS = 15.0

Question = tuple[tuple[str, ...], tuple[str, ...] | None]
"""The commands, and the names of the workers; None asks all workers."""


class RemoteControlError(Exception):
    """Remote control cannot be used now. The message is a sentence without secrets."""


class RemoteControl:
    """Remote control of the workers of one application. ``close`` it at the end.

    Nothing blocks the event loop, and a broker that hangs blocks two threads at most. ``error``: why the last
    use failed, a sentence without secrets.
    """

    def __init__(self, connection: AppConnection) -> None:
        self._connection = connection
        self._questions, self._orders = Turns(_THREAD_SECONDS), Turns(_THREAD_SECONDS)
        self._asked: dict[Question, asyncio.Task[Replies]] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self.error: str | None = None

    async def ask(self, commands: Sequence[str], names: Sequence[str] | None = None) -> Replies:
        """The answers to commands that change nothing, by command, by worker.

        It takes 15 s at most once the earlier questions have ended. Workers that do not answer are missing.
        Callers that ask the same at the same time share one question.

        Raises:
            RemoteControlError: the broker does not answer, or the application forbids remote control.
        """
        question = (tuple(commands), None if names is None else tuple(names))
        asked = self._asked.get(question)
        if asked is None:
            asked = self._start(self._questions, partial(self._ask, *question))
            self._asked[question] = asked
            asked.add_done_callback(lambda _: self._asked.pop(question, None))
        # A client that disconnects must not cancel the question that others wait for.
        return await asyncio.shield(asked)

    async def order(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        names: Sequence[str] | None = None,
        *,
        answered: bool = True,
    ) -> Mapping[str, Any]:
        """Send a command that changes something; ``names`` None: to all workers. The answer of each worker.

        A worker that refuses answers ``{"error": text}``. ``answered=False`` does not wait for answers. An
        order is carried out also if the caller is cancelled.

        Raises:
            RemoteControlError: as for ``ask``. Some workers may have received the order.
        """
        receivers = None if names is None else tuple(names)
        if receivers == ():
            return {}  # Celery would send an order to no worker to all workers, of every application
        work = partial(self._order, command, arguments, receivers, answered=answered)
        return await asyncio.shield(self._start(self._orders, work))

    async def close(self) -> None:
        """Cancel what waits. What a thread has begun goes on to its end."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _start(self, turns: Turns, work: Callable[[], T]) -> "asyncio.Task[T]":
        task = asyncio.ensure_future(self._run(turns, work))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # mark it as retrieved: its caller may be gone

    async def _run(self, turns: Turns, work: Callable[[], T]) -> T:
        if not self._connection.remote_control:
            raise self._failed("The application sets worker_enable_remote_control = False.")
        try:
            result = await turns.run(work)
        except TooManyError:
            raise RemoteControlError("Too many requests wait for remote control. Try again later.") from None
        except TimeoutError:
            raise self._failed("Remote control does not end in time.") from None
        except Exception as error:  # whatever the transport raises means the same to the caller
            raise self._failed(f"Remote control failed with {in_one_line(error).rstrip('.')}.") from None
        self.error = None
        return result

    def _failed(self, reason: str) -> RemoteControlError:
        self.error = reason
        return RemoteControlError(reason)

    def _ask(self, commands: tuple[str, ...], names: tuple[str, ...] | None) -> Replies:
        app = self._connection.celery()
        checked = ((command, *sendable(app, command, None)) for command in commands)
        safe = {command: arguments for command, can_be_sent, arguments in checked if can_be_sent}
        replies: dict[str, dict[str, Any]] = {}
        receivers = _receivers(names)
        end = time.monotonic() + _ASKING_SECONDS
        with connected(app) as connection:
            for command, arguments in safe.items():
                seconds = min(ANSWER_SECONDS, end - time.monotonic())
                if seconds <= 0:
                    break
                answers = sent(app, connection, command, seconds, arguments, **receivers)
                replies[command] = not_refused(merged(answers))
                if len(replies) == 1:
                    # The first command finds the workers that answer: the others wait for those only.
                    receivers = _receivers(tuple(sorted(replies[command])))
                    if not replies[command]:
                        break
        return replies

    def _order(
        self,
        command: str,
        arguments: Mapping[str, Any] | None,
        names: tuple[str, ...] | None,
        *,
        answered: bool,
    ) -> Mapping[str, Any]:
        app = self._connection.celery()
        seconds = ANSWER_SECONDS if answered else None
        with connected(app) as connection:
            return all_replies(app, connection, command, seconds, arguments, **_receivers(names))


def _receivers(names: tuple[str, ...] | None) -> dict[str, Any]:
    """Named workers have answered when as many answers have come."""
    return {} if names is None else {"destination": list(names), "limit": len(names)}
