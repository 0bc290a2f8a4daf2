"""One task with everything that the history knows of it."""

from collections.abc import Callable

import msgspec

from celery_monitor.history.database.connection import Database
from celery_monitor.history.errors import HistoryUnavailableError
from celery_monitor.history.reading.tasks import one_task, related_tasks
from celery_monitor.history.requests.cancels import Cancels
from celery_monitor.history.requests.retries import Retries
from celery_monitor.history.views import TaskView
from celery_monitor.history.writing.merge import merge_records
from celery_monitor.records.tasks import TaskRecord


class Details:
    """``waiting``: the change of a task that is not written yet. It is part of what is read.

    While the database is away, it is all that is known; without one, HistoryUnavailableError is raised.
    """

    def __init__(
        self,
        database: Database,
        waiting: Callable[[str], TaskRecord | None],
        cancels: Cancels,
        retries: Retries,
    ) -> None:
        self._database = database
        self._waiting = waiting
        self._cancels = cancels
        self._retries = retries

    async def task(self, identity: str) -> TaskRecord | None:
        """The task alone."""
        waiting = self._waiting(identity)
        try:
            async with self._database.reading() as session:
                stored = await one_task(self._database, session, identity)
        except HistoryUnavailableError:
            if waiting is None:
                raise
            return waiting
        return _together(stored, waiting)

    async def of(self, identity: str) -> TaskView:
        """The task with its neighbours, its cancel and its retries."""
        waiting = self._waiting(identity)
        try:
            async with self._database.reading() as session:
                stored = await one_task(self._database, session, identity)
                retry_of, retried_as = await self._retries.links_in(session, identity)
                view = TaskView(
                    task=stored,
                    related=await related_tasks(self._database, session, stored) if stored else None,
                    cancel=await self._cancels.of_in(session, identity),
                    retry_of=retry_of,
                    retried_as=retried_as,
                )
        except HistoryUnavailableError:
            if waiting is None:
                raise
            return TaskView(task=waiting)
        return msgspec.structs.replace(view, task=_together(stored, waiting))


def _together(stored: TaskRecord | None, waiting: TaskRecord | None) -> TaskRecord | None:
    return stored if waiting is None else merge_records(stored or waiting, waiting)
