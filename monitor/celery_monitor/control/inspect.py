"""What workers say of themselves by remote control: statistics, settings, queues and tasks.

Each question costs each worker something, so answers are kept.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from celery_health.error_text import in_one_line
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.remote_control import broadcast
from celery_health.threads import SingleThread
from celery_monitor.control.connecting import SECONDS
from celery_monitor.control.shown_values import cleaned

_OF_ALL = ("stats", "active_queues", "registered", "conf")
# The lists of tasks can be long: a worker is asked for its own only when it is asked alone.
_TASKS = ("active", "scheduled", "reserved", "revoked")
_ANSWER_SECONDS = 1.0
_KEPT_SECONDS, _REFRESHED_SECONDS = 30.0, 1.0
_MAX_WORKERS = 1_000

Info = dict[str, Any]
"""The answers of one worker by command, and when it last answered: ``timestamp``, in Unix time."""


class WorkersAwayError(Exception):
    """The workers cannot be asked. The message has no secrets."""


class Inspector:
    """Asks the workers of one application, and keeps what each last answered, without secrets."""

    def __init__(self, connection: AppConnection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._thread: SingleThread[dict[str, Info]] = SingleThread(3 * SECONDS)
        self._known: dict[str, Info] = {}
        self._asked: dict[str | None, float] = {}

    async def workers(self, name: str | None = None, *, refresh: bool = False) -> Mapping[str, Info]:
        """By the name of the worker: all that ever answered, or one of them with its tasks.

        ``refresh``: ask now. Otherwise an answer may be 30 s old.

        Raises:
            WorkersAwayError: the broker does not answer.
        """
        seconds = _REFRESHED_SECONDS if refresh else _KEPT_SECONDS
        async with self._turn:
            if time.monotonic() - self._asked.get(name, float("-inf")) >= seconds:
                await self._ask(name)
        if name is not None:
            return {name: self._known[name]} if name in self._known else {}
        return {one: _without_tasks(info) for one, info in self._known.items()}

    async def _ask(self, name: str | None) -> None:
        commands = _OF_ALL if name is None else (*_OF_ALL, *_TASKS)
        try:
            found = await self._thread.run(lambda: self._inspect(commands, name))
        except TimeoutError:
            raise WorkersAwayError(f"{self._connection.broker.address} does not answer in time.") from None
        except Exception as error:  # whatever the transport raises means the same to the client
            raise WorkersAwayError(in_one_line(error)) from None
        for worker, info in found.items():
            self._known[worker] = {**self._known.get(worker, {}), **info}
        for worker in list(self._known)[:-_MAX_WORKERS]:
            del self._known[worker]
        # A name that no worker has must not fill the memory.
        self._asked = {one: at for one, at in self._asked.items() if one is None or one in self._known}
        self._asked[name] = time.monotonic()

    def _inspect(self, commands: Sequence[str], name: str | None) -> dict[str, Info]:
        app = self._connection.celery()
        found: dict[str, Info] = {}
        receivers: dict[str, Any] = {} if name is None else {"destination": [name], "limit": 1}
        with app.connection_for_write(connect_timeout=SECONDS) as connection:
            for command in commands:
                answers = broadcast(app, connection, command, _ANSWER_SECONDS, **receivers)
                for worker, answer in answers.items():
                    info = found.setdefault(worker, {})
                    info[command] = _shown(command, answer)
                    info["timestamp"] = time.time()
                if not found:
                    break
                # The first question waits for its whole time, which finds all workers.
                receivers = {"destination": sorted(found), "limit": len(found)}
        return found


def _shown(command: str, answer: Any) -> Any:
    """Without what Flower leaves out: the URLs of other brokers, and the tasks of Celery itself."""
    if command == "stats" and isinstance(answer, dict) and isinstance(answer.get("broker"), dict):
        broker = {key: value for key, value in answer["broker"].items() if key != "alternates"}
        answer = {**answer, "broker": broker}
    if command == "registered" and isinstance(answer, list):
        answer = [task for task in answer if not str(task).startswith("celery.")]
    return cleaned(answer)


def _without_tasks(info: Info) -> Info:
    return {key: value for key, value in info.items() if key not in _TASKS}
