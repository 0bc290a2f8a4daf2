"""Failures in groups: the same type of error, raised at the same line."""

from collections.abc import Collection, Mapping

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.rows.labels import LabelKind
from celery_monitor.history.views import FailureView, Window
from celery_monitor.records import states

_OPEN = frozenset({states.FAILURE, states.REJECTED, states.LOST})
_RECOVERED = frozenset({states.SUCCESS, states.REVOKED})
_ROWS_FOR_NAMES = 20


class Failures:
    """Groups failures on one connection."""

    def __init__(self, database: Database, session: Session):
        self._prefix = database.prefix
        self._session = session
        # SQLite would rather read all tasks of the window.
        hint = " INDEXED BY job_executions_error_id" if database.is_sqlite else ""
        self._source = f"{database.prefix}job_executions{hint}"

    async def groups(self, window: Window, limit: int) -> list[FailureView]:
        """The groups of the tasks of a window that have an error, latest first."""
        rows = await self._session.rows(
            f"SELECT error_id, state_id, count(*), min(at), max(at) FROM {self._source} "
            "WHERE error_id IS NOT NULL AND at >= ? AND at < ? GROUP BY error_id, state_id",
            [window.since, window.until],
        )
        texts = await self._texts()
        groups: dict[int, list[tuple[str, int, float, float]]] = {}
        for error_id, state_id, count, first, last in rows:
            groups.setdefault(error_id, []).append((texts.get(state_id, ""), count, first, last))
        latest = sorted(groups, key=lambda error_id: -max(row[3] for row in groups[error_id]))
        return [await self._view(error_id, groups[error_id], window) for error_id in latest[:limit]]

    async def _view(
        self, error_id: int, rows: list[tuple[str, int, float, float]], window: Window
    ) -> FailureView:
        text = (await self._labels([error_id]))[error_id]
        error, _, place = text.partition("\n")
        examples = await self._session.rows(
            f"SELECT execution_id, name_id, exception FROM {self._source} "
            f"WHERE error_id = ? AND at >= ? AND at < ? ORDER BY at DESC LIMIT {_ROWS_FOR_NAMES}",
            [error_id, window.since, window.until],
        )
        names = await self._labels({row[1] for row in examples if row[1]})
        tasks = sum(row[1] for row in rows)
        opened = sum(row[1] for row in rows if row[0] in _OPEN)
        recovered = sum(row[1] for row in rows if row[0] in _RECOVERED)
        return FailureView(
            error=error,
            place=place or None,
            tasks=tasks,
            open=opened,
            retrying=tasks - opened - recovered,
            recovered=recovered,
            first_seen=min(row[2] for row in rows),
            last_seen=max(row[3] for row in rows),
            names=sorted(names.values()),
            latest=examples[0][0] if examples else "",
            message=examples[0][2] if examples else None,
        )

    async def _labels(self, ids: Collection[int]) -> Mapping[int, str]:
        rows = await self._session.rows_of(
            f"SELECT id, text FROM {self._prefix}labels WHERE id IN ids", sorted(ids)
        )
        return {row[0]: row[1] for row in rows}

    async def _texts(self) -> Mapping[int, str]:
        rows = await self._session.rows(
            f"SELECT id, text FROM {self._prefix}labels WHERE kind = ?", [int(LabelKind.STATE)]
        )
        return {row[0]: row[1] for row in rows}
