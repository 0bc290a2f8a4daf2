"""Failures in groups: the same type of error, raised at the same line."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.rows.labels import LabelKind
from celery_monitor.history.views import FailureView, Window
from celery_monitor.records import states

_OPEN = frozenset({states.FAILURE, states.REJECTED, states.LOST})
_RECOVERED = frozenset({states.SUCCESS, states.REVOKED})
_ROWS_FOR_NAMES = 20


class _Part(NamedTuple):
    """The tasks of one group that are in one state."""

    state: str
    tasks: int
    first: float
    last: float


class _Example(NamedTuple):
    """One of the latest tasks of a group."""

    at: float
    number: int
    name_id: int | None


class Failures:
    """Groups failures on one connection, in a few queries however many groups there are."""

    def __init__(self, database: Database, session: Session):
        self._database = database
        self._session = session
        self._table = f"{database.prefix}job_executions"
        # SQLite would rather read all tasks of the window.
        self._source = self._table + (" INDEXED BY job_executions_error_id" if database.is_sqlite else "")

    async def groups(self, window: Window, limit: int) -> list[FailureView]:
        """The groups of the tasks of a window that have an error, latest first."""
        rows = await self._session.rows(
            f"SELECT error_id, state_id, count(*), min(at), max(at) FROM {self._source} "
            "WHERE error_id IS NOT NULL AND at >= ? AND at < ? GROUP BY error_id, state_id",
            [window.since, window.until],
        )
        texts = await self._states()
        groups: dict[int, list[_Part]] = {}
        for error_id, state_id, *numbers in rows:
            groups.setdefault(error_id, []).append(_Part(texts.get(state_id, ""), *numbers))
        latest = sorted(groups, key=lambda error_id: -max(part.last for part in groups[error_id]))[:limit]
        examples = await self._examples(latest, window)
        newest = await self._newest([max(found).number for found in examples.values()])
        names = {example.name_id for found in examples.values() for example in found if example.name_id}
        labels = await self._labels([*latest, *names])
        return [
            _view(
                labels[error_id],
                groups[error_id],
                sorted({labels[one.name_id] for one in examples[error_id] if one.name_id}),
                newest[max(examples[error_id]).number],
            )
            for error_id in latest
        ]

    async def _examples(self, error_ids: Sequence[int], window: Window) -> Mapping[int, Sequence[_Example]]:
        """The latest tasks of each group, at least one: all queries see the database at one moment."""
        latest = (
            f"FROM {self._source} WHERE error_id = error.id AND at >= ? AND at < ? "
            f"ORDER BY at DESC, id DESC LIMIT {_ROWS_FOR_NAMES}"
        )
        ids: object = list(error_ids)
        if self._database.is_sqlite:
            ids = msgspec.json.encode(ids).decode()
            sql = (
                "SELECT error.id, task.at, task.id, task.name_id FROM (SELECT value AS id FROM json_each(?)) "
                f"AS error CROSS JOIN {self._table} AS task WHERE task.id IN (SELECT id {latest})"
            )
        else:
            sql = (
                "SELECT error.id, task.at, task.id, task.name_id FROM unnest(?::integer[]) AS error (id) "
                f"CROSS JOIN LATERAL (SELECT at, id, name_id {latest}) AS task"
            )
        found: dict[int, list[_Example]] = {}
        for error_id, *values in await self._session.rows(sql, [ids, window.since, window.until]):
            found.setdefault(error_id, []).append(_Example(*values))
        return found

    async def _newest(self, numbers: Collection[int]) -> Mapping[int, tuple[str, str | None]]:
        """The ids and errors of tasks, by the numbers of their rows."""
        rows = await self._session.rows_of(
            f"SELECT id, execution_id, exception FROM {self._table} WHERE id IN ids", sorted(numbers)
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    async def _labels(self, ids: Collection[int]) -> Mapping[int, str]:
        rows = await self._session.rows_of(
            f"SELECT id, text FROM {self._database.prefix}labels WHERE id IN ids", sorted(ids)
        )
        return {row[0]: row[1] for row in rows}

    async def _states(self) -> Mapping[int, str]:
        rows = await self._session.rows(
            f"SELECT id, text FROM {self._database.prefix}labels WHERE kind = ?", [int(LabelKind.STATE)]
        )
        return {row[0]: row[1] for row in rows}


def _view(
    label: str, parts: Sequence[_Part], names: Sequence[str], newest: tuple[str, str | None]
) -> FailureView:
    error, _, place = label.partition("\n")
    tasks = sum(part.tasks for part in parts)
    opened = sum(part.tasks for part in parts if part.state in _OPEN)
    recovered = sum(part.tasks for part in parts if part.state in _RECOVERED)
    return FailureView(
        error=error,
        place=place or None,
        tasks=tasks,
        open=opened,
        retrying=tasks - opened - recovered,
        recovered=recovered,
        first_seen=min(part.first for part in parts),
        last_seen=max(part.last for part in parts),
        names=list(names),
        latest=newest[0],
        message=newest[1],
    )
