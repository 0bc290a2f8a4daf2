"""Failures in groups: the same type of error, raised at the same line."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.reading.failed_at import failed_at
from celery_monitor.history.rows.labels import LabelKind
from celery_monitor.history.views import FailureView, Window
from celery_monitor.records import states

_OPEN = frozenset({states.FAILURE, states.REJECTED, states.LOST})
_RECOVERED = frozenset({states.SUCCESS, states.REVOKED})
_ROWS, _LEAST_ROWS = 1_000, 10
"""How many rows of all groups, and at least of each, are read at either end for names and times."""


class _Part(NamedTuple):
    """The tasks of one group that are in one state. ``last``: when the last of them was sent."""

    state: str
    tasks: int
    last: float


class _Example(NamedTuple):
    """One of the first or latest tasks of a group. ``first`` and ``last``: when it failed."""

    at: float
    number: int
    name_id: int | None
    first: float
    last: float


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
            f"SELECT error_id, state_id, count(*), max(at) FROM {self._source} "
            "WHERE error_id IS NOT NULL AND at >= ? AND at < ? GROUP BY error_id, state_id",
            [window.since, window.until],
        )
        texts = await self._states()
        groups: dict[int, list[_Part]] = {}
        for error_id, state_id, *numbers in rows:
            groups.setdefault(error_id, []).append(_Part(texts.get(state_id, ""), *numbers))
        latest = sorted(groups, key=lambda error_id: -max(part.last for part in groups[error_id]))[:limit]
        recovered = await self._recovered(window, texts) if latest else {}
        examples = await self._examples(latest, window)
        newest = await self._newest([max(found).number for found in examples.values()])
        names = {example.name_id for found in examples.values() for example in found if example.name_id}
        labels = await self._labels([*latest, *names])
        views = [
            _view(
                labels[error_id],
                groups[error_id],
                retried=recovered.get(error_id, 0),
                examples=examples[error_id],
                names=sorted({labels[one.name_id] for one in examples[error_id] if one.name_id}),
                newest=newest[max(examples[error_id]).number],
            )
            for error_id in latest
        ]
        return sorted(views, key=lambda view: -view.last_seen)

    async def _recovered(self, window: Window, texts: Mapping[int, str]) -> Mapping[int, int]:
        """How many failed tasks of each group a person retried with success: by their latest retries."""
        prefix = self._database.prefix
        successes = [number for number, text in texts.items() if text == states.SUCCESS]
        opened = [number for number, text in texts.items() if text in _OPEN]
        if not successes or not opened:
            return {}
        # A retry that failed may itself have been retried. Nothing is retried before it is sent.
        latest = (
            f"NOT EXISTS (SELECT 1 FROM {prefix}task_retries AS later WHERE later.retry_of = retry.retry_of "
            "AND (later.at > retry.at OR later.at = retry.at AND later.execution_id > retry.execution_id))"
        )
        rows = await self._session.rows(
            "WITH RECURSIVE recovered (execution_id) AS ("
            f"SELECT retry.retry_of FROM {prefix}task_retries AS retry CROSS JOIN {self._table} AS task "
            "WHERE task.execution_id = retry.execution_id AND retry.at >= ? AND task.state_id = ? "
            f"AND {latest} "
            f"UNION SELECT retry.retry_of FROM recovered CROSS JOIN {prefix}task_retries AS retry "
            f"WHERE retry.execution_id = recovered.execution_id AND {latest}) "
            "SELECT task.error_id, task.state_id, count(*) FROM recovered "
            f"CROSS JOIN {self._table} AS task WHERE task.execution_id = recovered.execution_id "
            "AND task.error_id IS NOT NULL AND task.at >= ? AND task.at < ? "
            "GROUP BY task.error_id, task.state_id",
            [window.since, successes[0], window.since, window.until],
        )
        found: dict[int, int] = {}
        for error_id, state_id, tasks in rows:
            if state_id in opened:
                found[error_id] = found.get(error_id, 0) + tasks
        return found

    async def _examples(self, error_ids: Sequence[int], window: Window) -> Mapping[int, Sequence[_Example]]:
        """The first and latest tasks of each group, at least one: the queries see the same moment."""
        most = max(_LEAST_ROWS, _ROWS // max(1, len(error_ids)))
        columns = f"error.id, task.at, task.id, task.name_id, {', '.join(failed_at(self._database))}"
        is_sqlite = self._database.is_sqlite
        ids: object = msgspec.json.encode(error_ids).decode() if is_sqlite else list(error_ids)
        found: dict[int, list[_Example]] = {}
        for order in ("ASC", "DESC"):
            some = (
                f"FROM {self._source} WHERE error_id = error.id AND at >= ? AND at < ? "
                f"ORDER BY at {order}, id {order} LIMIT {most}"
            )
            if is_sqlite:
                sql = (
                    f"SELECT {columns} FROM (SELECT value AS id FROM json_each(?)) "
                    f"AS error CROSS JOIN {self._table} AS task WHERE task.id IN (SELECT id {some})"
                )
            else:
                sql = (
                    f"SELECT {columns} FROM unnest(?::integer[]) AS error (id) CROSS JOIN LATERAL "
                    f"(SELECT * {some}) AS task"
                )
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
    label: str,
    parts: Sequence[_Part],
    *,
    retried: int,
    examples: Sequence[_Example],
    names: Sequence[str],
    newest: tuple[str, str | None],
) -> FailureView:
    error, _, place = label.partition("\n")
    tasks = sum(part.tasks for part in parts)
    opened = sum(part.tasks for part in parts if part.state in _OPEN) - retried
    recovered = sum(part.tasks for part in parts if part.state in _RECOVERED) + retried
    return FailureView(
        error=error,
        place=place or None,
        tasks=tasks,
        open=opened,
        retrying=tasks - opened - recovered,
        recovered=recovered,
        first_seen=min(example.first for example in examples),
        last_seen=max(example.last for example in examples),
        names=list(names),
        latest=newest[0],
        message=newest[1],
    )
