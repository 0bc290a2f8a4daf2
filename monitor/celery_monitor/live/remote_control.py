"""Asks workers by remote control, seldom and a few at a time, in a thread: Celery's client blocks."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from celery_health.survey.app_connection import AppConnection
from celery_health.survey.remote_control import broadcast
from celery_health.threads import SingleThread
from celery_monitor.live.inspection import COMMANDS, Inspected, inspected

WORKERS_AT_ONCE = 50
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 1.5
_TOTAL_SECONDS = 15.0


class RemoteControl:
    """At most one question at a time. ``error``: why the last one failed, one sentence without secrets."""

    def __init__(self, connection: AppConnection) -> None:
        self._connection = connection
        self._thread: SingleThread[Any] = SingleThread(_TOTAL_SECONDS)
        self._turn = asyncio.Lock()
        self._app: Any = None
        self.error: str | None = None

    async def inspect(self, names: Sequence[str]) -> dict[str, Inspected]:
        """What these workers answer. Workers that do not answer are missing. It never raises."""
        asked = tuple(names)
        answers = await self._run(lambda: self._inspect(asked))
        return answers or {}

    async def ping(self) -> list[str] | None:
        """The workers that answer a ping within a second; None if the broker cannot be used."""
        answers = await self._run(self._ping)
        return None if answers is None else sorted(answers)

    async def enable_events(self, names: Sequence[str] | None = None) -> bool:
        """Switch task events on, of all workers without ``names``. True if the command was sent."""
        asked = None if names is None else list(names)
        return await self._run(lambda: self._enable_events(asked)) is not None

    async def _run(self, work: Any) -> Any:
        if not self._connection.remote_control:
            self.error = "The application sets worker_enable_remote_control = False."
            return None
        try:
            async with self._turn:
                result = await self._thread.run(work)
        except TimeoutError:
            self.error = "Remote control does not end in time."
            return None
        except Exception as error:  # any failure of the broker: the next question tries again
            self.error = f"Remote control failed with {type(error).__name__}."
            return None
        self.error = None
        return result

    def _celery(self) -> Any:
        if self._app is None:
            self._app = self._connection.celery()
        return self._app

    def _inspect(self, names: tuple[str, ...]) -> dict[str, Inspected]:
        app = self._celery()
        replies: dict[str, dict[str, Any]] = {}
        with app.connection_for_write(connect_timeout=_CONNECT_SECONDS) as connection:
            end = time.monotonic() + len(COMMANDS) * _ANSWER_SECONDS
            answering: list[str] = list(names)
            for command in COMMANDS:
                if not answering or time.monotonic() > end:
                    break
                replies[command] = broadcast(
                    app,
                    connection,
                    command,
                    _ANSWER_SECONDS,
                    destination=answering,
                    limit=len(answering),
                )
                answering = sorted(replies[command])
        found = {name for by_worker in replies.values() for name in by_worker}
        return {
            name: inspected(*(replies.get(command, {}).get(name) for command in COMMANDS)) for name in found
        }

    def _ping(self) -> dict[str, Any]:
        app = self._celery()
        with app.connection_for_write(connect_timeout=_CONNECT_SECONDS) as connection:
            return broadcast(app, connection, "ping", 1.0)

    def _enable_events(self, names: list[str] | None) -> bool:
        from celery.app.control import Control  # noqa: PLC0415

        app = self._celery()
        with app.connection_for_write(connect_timeout=_CONNECT_SECONDS) as connection:
            Control(app).broadcast("enable_events", destination=names, connection=connection)
        return True
