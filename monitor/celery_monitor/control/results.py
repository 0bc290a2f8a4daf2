"""Reads the result of a task from the result backend, within a time."""

import asyncio
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from celery_health.error_text import in_one_line
from celery_health.survey.app_connection import AppConnection
from celery_health.threads import run_in_thread
from celery_monitor.control.own_app import own_app
from celery_monitor.control.shown_values import shown_traceback, shown_value
from celery_monitor.remote_control.connecting import SECONDS

MAX_WAIT_SECONDS = 60.0
_MAX_AT_A_TIME = 4
_POLL_SECONDS = 0.1


class ResultsAwayError(Exception):
    """The result backend does not answer, or there is none. The message has no secrets."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What the result backend has of a task. It has nothing of a task that is PENDING.

    ``value``, as JSON has it and without secrets, is the result of a task that succeeded, the exception of
    one that failed, and what the task itself reported in a state of its own. ``done`` is ISO 8601. ``name``,
    ``worker`` and ``queue`` are known where the application sets ``result_extended``.
    """

    state: str
    value: Any = None
    traceback: str | None = None
    ready: bool = False
    done: str | None = None
    name: str | None = None
    worker: str | None = None
    queue: str | None = None


class Results:
    """The result backend of one application."""

    def __init__(self, connection: AppConnection) -> None:
        self._connection = connection
        self._turns = asyncio.Semaphore(_MAX_AT_A_TIME)
        # Turns of their own, so that those who wait for an end keep no other reading waiting.
        self._turns_to_wait = asyncio.Semaphore(_MAX_AT_A_TIME)

    @property
    def configured(self) -> bool:
        """Whether results are kept at a place that can be read."""
        return self._connection.keeps_results

    async def read(self, task_id: str, wait: float = 0.0) -> StoredResult:
        """What is stored. ``wait``: for how many seconds to wait for the end of the task.

        Raises:
            ResultsAwayError: it cannot be read.
        """
        if not self.configured:
            raise ResultsAwayError("No result backend is configured: use --result-backend URL.")
        wait = min(max(0.0, wait), MAX_WAIT_SECONDS)
        end = time.monotonic() + wait
        try:
            async with self._turns_to_wait if wait else self._turns:
                left = max(0.0, end - time.monotonic())
                return await run_in_thread(lambda: self._read(task_id, end), SECONDS + left + 0.5)
        except TimeoutError:
            raise ResultsAwayError(f"The result backend does not answer within {SECONDS:g} s.") from None
        except Exception as error:  # whatever the result backend raises means the same to the client
            raise ResultsAwayError(f"The result backend cannot be read: {in_one_line(error)}") from None

    @cached_property
    def _app(self) -> Any:
        return own_app(self._connection)

    def _read(self, task_id: str, end: float) -> StoredResult:
        # AsyncResult.get would subscribe to the result, in a connection that every thread shares.
        while True:
            found = self._stored(task_id)
            if found.ready or time.monotonic() >= end:
                return found
            time.sleep(_POLL_SECONDS)

    def _stored(self, task_id: str) -> StoredResult:
        meta = self._app.backend.get_task_meta(task_id)
        state = str(meta.get("status"))
        return StoredResult(
            state=state,
            value=shown_value(meta.get("result")),
            traceback=None if meta.get("traceback") is None else shown_traceback(str(meta["traceback"])),
            ready=state in _ready_states(),
            done=_text(meta.get("date_done")),
            name=_text(meta.get("name")),
            worker=_text(meta.get("worker")),
            queue=_text(meta.get("queue")),
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _ready_states() -> frozenset[str]:
    from celery.states import READY_STATES  # noqa: PLC0415

    return frozenset(READY_STATES)
