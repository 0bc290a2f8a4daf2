"""Since when tasks fail with one error at one line, how often, and on which workers."""

from collections.abc import Sequence

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Row, Session
from celery_monitor.history.reading.failed_at import failed_at
from celery_monitor.history.rows.clean import MOST_LABEL_CHARACTERS, text
from celery_monitor.history.rows.labels import LabelKind, Labels
from celery_monitor.history.views import FailingWorker, OnsetView, Window

STEPS = 30
_FIRST_ROWS = 1_000
"""Among the tasks that were sent first, this many are searched for the one that failed first."""
MOST_WORKERS = 200


class Onsets:
    """Reads from one database. Its method raises HistoryUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = f"{database.prefix}job_executions"
        # SQLite would rather read all tasks of the window.
        self._index = " INDEXED BY job_executions_error_id" if database.is_sqlite else ""
        self._source = self._table + self._index
        self._failed = failed_at(database)

    async def of(self, error: str, place: str | None, window: Window) -> OnsetView | None:
        """The onset in a window; None if the history has no such error."""
        async with self._database.reading() as session:
            label = await session.rows(
                f"SELECT id FROM {self._database.prefix}labels WHERE kind = ? AND text = ?",
                [int(LabelKind.ERROR), text(f"{error}\n{place or ''}", MOST_LABEL_CHARACTERS)],
            )
            if not label:
                return None
            error_id = label[0][0]
            [[first]] = await session.rows(
                f"SELECT min({self._failed[0]}) FROM {self._table} AS task WHERE id IN "
                f"(SELECT id FROM {self._source} WHERE error_id = ? ORDER BY at LIMIT {_FIRST_ROWS})",
                [error_id],
            )
            if first is None:
                return None
            [[before]] = await session.rows(
                f"SELECT count(*) FROM {self._source} WHERE error_id = ? AND at >= ? AND at < ?",
                [error_id, 2 * window.since - window.until, window.since],
            )
            [[oldest]] = await session.rows(f"SELECT min(at) FROM {self._table}")
            rows = await self._rows(session, error_id, window)
            labels = Labels(self._database.prefix)
            await labels.load(session, {row[0] for row in rows})
        workers = _workers(rows, labels)
        return OnsetView(
            history_since=oldest,
            first=first,
            before=before,
            tasks=sum(row[2] for row in rows),
            trend=_trend(rows),
            workers=workers[:MOST_WORKERS],
            worker_count=len(workers),
        )

    async def _rows(self, session: Session, error_id: int, window: Window) -> list[Row]:
        """Worker, step of the window, number of tasks, and when the first and last of them failed.

        A task counts by its last run with an error, which was on its worker.
        """
        step = (
            "CAST((failed - ?) / ? AS INTEGER)"
            if self._database.is_sqlite
            else "floor((failed - ?) / ?)::integer"
        )
        return await session.rows(
            f"SELECT worker_id, {step} AS step, count(*), min(failed), max(failed) FROM "
            f"(SELECT worker_id, {self._failed[1]} AS failed FROM {self._table} AS task{self._index} "
            "WHERE error_id = ? AND at >= ? AND at < ?) AS tasks GROUP BY worker_id, step",
            [
                window.since,
                (window.until - window.since) / STEPS,
                error_id,
                window.since,
                window.until,
            ],
        )


def _trend(rows: Sequence[Row]) -> list[int]:
    trend = [0] * STEPS
    for _, step, tasks, *_ in rows:
        # A task that was sent in the window may have failed after it, or before it by another clock.
        trend[max(0, min(step, STEPS - 1))] += tasks
    return trend


def _workers(rows: Sequence[Row], labels: Labels) -> list[FailingWorker]:
    """The workers with the most failures first."""
    found: dict[int | None, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    workers = [
        FailingWorker(
            name=labels.text(number),
            tasks=sum(row[2] for row in parts),
            first=min(row[3] for row in parts),
            last=max(row[4] for row in parts),
        )
        for number, parts in found.items()
    ]
    return sorted(workers, key=lambda one: (-one.tasks, one.name or ""))
