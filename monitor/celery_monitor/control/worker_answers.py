"""What workers say of themselves, whole and without secrets: their statistics, settings, queues and tasks.

Each question costs each worker something, so answers are kept.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from celery_health.survey.remote_control import Replies
from celery_health.threads import run_in_thread
from celery_monitor.control.shown_values import cleaned
from celery_monitor.remote_control.remote_control import RemoteControl

_OF_ALL = ("stats", "active_queues", "registered", "conf")
# The lists of tasks can be long: a worker is asked for its own only when it is asked alone.
_TASKS = ("active", "scheduled", "reserved", "revoked")
_KEPT_SECONDS, _REFRESHED_SECONDS = 30.0, 1.0
_MAX_WORKERS = 1_000
_MAX_ENTRIES = 2_000
"""Of one list, such as that of the tasks that wait in a worker."""
_MAX_CHARACTERS = 16_000_000
"""Of all answers that are kept, as JSON."""
_MAX_NAME = 255
_CLEANING_SECONDS = 30.0

Info = dict[str, Any]
"""The answers of one worker by command, and when it last answered: ``timestamp``, in Unix time."""


class WorkerAnswers:
    """Keeps what each worker last answered, in bounded memory: the latest answers stay."""

    def __init__(self, remote_control: RemoteControl) -> None:
        self._remote = remote_control
        self._known: dict[str, Info] = {}
        self._sizes: dict[str, dict[str, int]] = {}
        self._asked: dict[str | None, float] = {}

    async def workers(self, name: str | None = None, *, refresh: bool = False) -> Mapping[str, Info]:
        """By the name of the worker: all that ever answered, or one of them with its tasks.

        ``refresh``: ask now. Otherwise an answer may be 30 s old.

        Raises:
            RemoteControlError: the workers cannot be asked.
        """
        seconds = _REFRESHED_SECONDS if refresh else _KEPT_SECONDS
        if time.monotonic() - self._asked.get(name, float("-inf")) >= seconds:
            await self._ask(name)
        if name is not None:
            return {name: self._known[name]} if name in self._known else {}
        return {one: _without_tasks(info) for one, info in self._known.items()}

    async def _ask(self, name: str | None) -> None:
        commands = _OF_ALL if name is None else (*_OF_ALL, *_TASKS)
        replies = await self._remote.ask(commands, None if name is None else [name])
        # The answers of many workers take a while, in which the event loop has other work.
        found = await run_in_thread(lambda: _infos(replies, time.time()), _CLEANING_SECONDS)
        for worker, (info, sizes) in found.items():
            self._known[worker] = {**self._known.pop(worker, {}), **info}
            self._sizes.setdefault(worker, {}).update(sizes)
        self._make_room()
        # A name that no worker has must not fill the memory.
        self._asked = {one: at for one, at in self._asked.items() if one is None or one in self._known}
        self._asked[name] = time.monotonic()

    def _make_room(self) -> None:
        total = sum(sum(sizes.values()) for sizes in self._sizes.values())
        for worker in list(self._known):
            if len(self._known) <= _MAX_WORKERS and total <= _MAX_CHARACTERS:
                return
            total -= sum(self._sizes.pop(worker).values())
            del self._known[worker]


def _infos(replies: Replies, now: float) -> dict[str, tuple[Info, dict[str, int]]]:
    """By worker: what it answered, and the characters of each answer."""
    found: dict[str, tuple[Info, dict[str, int]]] = {}
    for command, answers in replies.items():
        for worker, answer in answers.items():
            if len(worker) > _MAX_NAME:
                continue  # not of Celery: any program can answer
            info, sizes = found.setdefault(worker, ({"timestamp": now}, {}))
            info[command] = _shown(command, answer)
            sizes[command] = len(json.dumps(info[command]))
    return found


def _shown(command: str, answer: Any) -> Any:
    """Without what Flower leaves out: the URLs of other brokers, and the tasks of Celery itself."""
    if command == "stats" and isinstance(answer, dict) and isinstance(answer.get("broker"), dict):
        broker = {key: value for key, value in answer["broker"].items() if key != "alternates"}
        answer = {**answer, "broker": broker}
    if command == "registered" and isinstance(answer, list):
        answer = [task for task in answer if not str(task).startswith("celery.")]
    return cleaned(answer[:_MAX_ENTRIES] if isinstance(answer, list) else answer)


def _without_tasks(info: Info) -> Info:
    return {key: value for key, value in info.items() if key not in _TASKS}
