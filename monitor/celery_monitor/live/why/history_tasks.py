"""Reads from merger and history what the question needs."""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from celery_monitor.history.errors import HistoryError
from celery_monitor.history.filters import TaskFilter, Term
from celery_monitor.history.history import History
from celery_monitor.history.views import Window
from celery_monitor.live.known_tasks import KnownTasks
from celery_monitor.live.why.tasks import Percentile
from celery_monitor.records.requests import RequestedCancel, RequestedRetry
from celery_monitor.records.states import STARTED, SUCCESS
from celery_monitor.records.tasks import TaskRecord

T = TypeVar("T")

_WEEK_SECONDS = 7 * 86_400.0
_LEAST_RUNS = 20
"""Of fewer runs a percentile says nothing."""
_MAX_ACTIVE = 100
_MAX_RETRIES = 20
"""Of one another: a longer chain is not followed."""


class HistoryTasks:
    """``recent``: a task in memory, such as ``Merger.get``."""

    def __init__(
        self,
        history: History,
        recent: Callable[[str], TaskRecord | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._history = history
        self._known = KnownTasks(history, recent)
        self._clock = clock

    async def record(self, task_id: str) -> TaskRecord | None:
        """One task."""
        return await self._known.readable(task_id)

    async def cancel(self, task_id: str) -> RequestedCancel | None:
        """The requested cancel of a task."""
        return await _or(None, lambda: self._history.cancels.of(task_id))

    async def succeeded_as(self, task_id: str) -> str | None:
        """The retry that succeeded, or the retry of a retry."""
        for _ in range(_MAX_RETRIES):
            latest = partial(self._history.retries.latest, [task_id])
            retries = await _or(dict[str, RequestedRetry](), latest)
            if task_id not in retries:
                return None
            task_id = retries[task_id].task_id
            retried = await self.record(task_id)
            if retried is not None and retried.state == SUCCESS:
                return task_id
        return None

    async def active_on(self, worker: str) -> Sequence[TaskRecord]:
        """The tasks that the worker is running."""
        found = TaskFilter((Term(field="state", value=STARTED), Term(field="worker", value=worker)))

        async def read() -> Sequence[TaskRecord]:
            return (await self._history.tasks(found, limit=_MAX_ACTIVE)).items

        return await _or((), read)

    async def runtime(self, name: str) -> Percentile | None:
        """The runtimes of the last week, None if there are too few."""
        now = self._clock()

        async def read() -> Percentile | None:
            points = await self._history.series(Window(now - _WEEK_SECONDS, now), name=name, points=1)
            runs = sum(point.outcomes.succeeded for point in points)
            slowest = max(
                (point.runtime.p99 for point in points if point.runtime.p99 is not None), default=None
            )
            return None if slowest is None or runs < _LEAST_RUNS else Percentile(slowest, runs)

        return await _or(None, read)


async def _or(default: T, read: Callable[[], Awaitable[T]]) -> T:
    try:
        return await read()
    except HistoryError:  # a history that is away knows nothing, and the rest of the answer stands
        return default
