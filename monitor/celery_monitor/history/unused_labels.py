"""Deletes the labels that nothing uses: no task has them, and no rollup counts them."""

from celery_monitor.history.database.session import Session
from celery_monitor.history.rollups.levels import BY_NAME, BY_QUEUE, BY_WORKER, HOUR
from celery_monitor.history.rows.labels import LabelKind, note_deletion

_CHUNK = 5_000

# The rows of hours are kept longest, and each run is in one of each of these levels.
_ROLLUPS = {
    LabelKind.NAME: (BY_NAME, "name_id = labels.id AND queue_id = 0 AND worker_id = 0"),
    LabelKind.QUEUE: (BY_QUEUE, "name_id = 0 AND queue_id = labels.id AND worker_id = 0"),
    LabelKind.WORKER: (BY_WORKER, "name_id = 0 AND queue_id = 0 AND worker_id = labels.id"),
}


class UnusedLabels:
    """Goes through the labels of one database, a chunk at a time, and begins again at the end."""

    def __init__(self, prefix: str):
        self._prefix = prefix
        self._last = 0

    async def delete_chunk(self, session: Session) -> int:
        """Delete the unused labels of the next chunk; how many. The transaction keeps writers away."""
        labels = f"{self._prefix}labels"
        rows = await session.rows(
            f"SELECT id, kind, tasks FROM {labels} WHERE id > ? ORDER BY id LIMIT {_CHUNK}", [self._last]
        )
        self._last = rows[-1][0] if len(rows) == _CHUNK else 0
        unused: list[int] = []
        for kind in LabelKind:
            ids = [row[0] for row in rows if row[1] == kind and row[2] <= 0]
            if kind is LabelKind.DELETIONS or not ids:
                continue
            if kind in _ROLLUPS:
                ids = await self._without_rollups(session, kind, ids)
            unused += ids
        if unused:
            await session.execute_of(f"DELETE FROM {labels} WHERE id IN ids", unused)
            await note_deletion(labels, session)
        return len(unused)

    async def _without_rollups(self, session: Session, kind: LabelKind, ids: list[int]) -> list[int]:
        level, key = _ROLLUPS[kind]
        rows = await session.rows_of(
            f"SELECT id FROM {self._prefix}labels AS labels WHERE NOT EXISTS (SELECT 1 FROM "
            f"{self._prefix}task_rollups WHERE level = {level} AND seconds = {HOUR} AND {key}) AND id IN ids",
            ids,
        )
        return [row[0] for row in rows]
