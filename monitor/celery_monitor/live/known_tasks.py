"""What the monitor knows of one task at this moment: the history's record and the one in memory together."""

from collections.abc import Callable

from celery_monitor.history.errors import HistoryError
from celery_monitor.history.history import History
from celery_monitor.history.writing.merge import merge_records
from celery_monitor.records.tasks import TaskRecord


class KnownTasks:
    """``recent``: a task in memory, such as ``Merger.get``. It is newer, and may know less."""

    def __init__(self, history: History, recent: Callable[[str], TaskRecord | None]) -> None:
        self._history = history
        self._recent = recent

    async def record(self, task_id: str) -> TaskRecord | None:
        """One task, None if it was never seen.

        Raises:
            HistoryUnavailableError: the database does not answer.
        """
        stored, recent = await self._history.task(task_id), self._recent(task_id)
        if stored is None or recent is None:
            return stored or recent
        return merge_records(stored, recent)

    async def readable(self, task_id: str) -> TaskRecord | None:
        """As ``record``, and what memory alone knows while the history cannot be read."""
        try:
            return await self.record(task_id)
        except HistoryError:
            return self._recent(task_id)
