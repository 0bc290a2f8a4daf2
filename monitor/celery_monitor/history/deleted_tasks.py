"""Deleted tasks of which events may still come: what they had counted must not be counted again."""

from collections.abc import Iterable, Sequence

from celery_monitor.history.database.session import Session
from celery_monitor.history.rows.labels import LabelKind
from celery_monitor.records.states import FINAL_STATES
from celery_monitor.records.tasks import TaskRecord

_MOST = 200_000
"""Four times what the monitor keeps of unfinished tasks in memory."""
_RECENT_SECONDS = 86_400.0


class DeletedTasks:
    """The table of one database. A task that has ended is in it for as long as it may be delivered again."""

    def __init__(self, prefix: str):
        self._labels = f"{prefix}labels"
        self._table = f"{prefix}deleted_tasks"

    async def note(self, session: Session, rows: Iterable[tuple[str, float, int]], now: float) -> None:
        """Note tasks that are deleted in this transaction: their id, when they changed last, their state."""
        marks = ",".join("?" * len(FINAL_STATES))
        found = await session.rows(
            f"SELECT id FROM {self._labels} WHERE kind = ? AND text IN ({marks})",
            [int(LabelKind.STATE), *sorted(FINAL_STATES)],
        )
        final = {row[0] for row in found}
        await session.execute_many(
            f"INSERT INTO {self._table} (execution_id, updated) VALUES (?, ?) "
            "ON CONFLICT (execution_id) DO UPDATE SET updated = excluded.updated",
            [
                (identity, updated)
                for identity, updated, state in rows
                if state not in final or updated > now - _RECENT_SECONDS
            ],
        )

    async def of(self, session: Session, ids: Sequence[str]) -> dict[str, float]:
        """Those of these tasks that were deleted, each with the time of its last change before."""
        return dict(
            await session.rows_of(
                f"SELECT execution_id, updated FROM {self._table} WHERE execution_id IN ids", ids
            )
        )

    async def remove(self, session: Session, ids: Sequence[str]) -> None:
        """Forget that these tasks were deleted: the history has them again."""
        await session.execute_of(f"DELETE FROM {self._table} WHERE execution_id IN ids", ids)

    async def shorten(self, session: Session) -> None:
        """Forget those that were deleted first, if there are too many."""
        await session.execute(
            f"DELETE FROM {self._table} WHERE id <= (SELECT max(id) FROM {self._table}) - {_MOST}"
        )


def may_return(record: TaskRecord, deleted: float) -> bool:
    """Whether a task that was deleted has a row again: something happened since, and the record says of what.

    Without its name and its beginning, the row would be that of a task of which nothing is known.
    """
    is_known = record.name is not None and (record.sent is not None or record.received is not None)
    return is_known and max(record.updated, record.state_time) > deleted
