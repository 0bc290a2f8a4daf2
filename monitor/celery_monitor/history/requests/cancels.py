"""Requested cancels in the database."""

from collections.abc import Sequence
from typing import Any

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Row, Session
from celery_monitor.history.requests.transaction import changing
from celery_monitor.history.rows.clean import MOST_ID_CHARACTERS, MOST_LABEL_CHARACTERS, text
from celery_monitor.history.rows.labels import LabelKind
from celery_monitor.records.requests import EXPIRED, RequestedCancel
from celery_monitor.records.states import FINAL_STATES

MOST_OPEN = 50_000
"""Celery's workers remember this number of revoked tasks."""

_COLUMNS = ("execution_id", "at", "identity", "terminate", "signal")
_RESULTS = ("sends", "sent", "problem", "ended", "outcome")
_ALL = ", ".join((*_COLUMNS, *_RESULTS))
_MOST_PROBLEM = 500


class Cancels:
    """The requested cancels of one database. Every method raises HistoryUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = f"{database.prefix}requested_cancels"

    async def add(self, cancels: Sequence[RequestedCancel]) -> None:
        """Keep these cancels. A second one of a task replaces the first one."""
        async with changing(self._database) as session:
            await self.add_in(session, cancels)

    async def add_in(self, session: Session, cancels: Sequence[RequestedCancel]) -> None:
        """The same in a transaction of the caller."""
        changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
        marks = ", ".join("?" * len(_COLUMNS))
        await session.execute_many(
            f"INSERT INTO {self._table} ({', '.join(_COLUMNS)}, sends) VALUES ({marks}, 0) "
            f"ON CONFLICT (execution_id) DO UPDATE SET {changes}, sends = 0, sent = NULL, problem = NULL, "
            "ended = NULL, outcome = NULL",
            [
                (
                    text(cancel.task_id, MOST_ID_CHARACTERS),
                    cancel.at,
                    text(cancel.identity, MOST_LABEL_CHARACTERS),
                    int(cancel.terminate),
                    cancel.signal,
                )
                for cancel in cancels
            ],
        )

    async def of(self, task_id: str) -> RequestedCancel | None:
        """The cancel of a task, None if there is none."""
        async with self._database.reading() as session:
            return await self.of_in(session, task_id)

    async def of_in(self, session: Session, task_id: str) -> RequestedCancel | None:
        """The same in a transaction of the caller."""
        rows = await session.rows(f"SELECT {_ALL} FROM {self._table} WHERE execution_id = ?", [task_id])
        return _cancel(rows[0]) if rows else None

    async def open(self) -> list[RequestedCancel]:
        """Those of tasks that are not known to have ended, oldest first."""
        async with self._database.reading() as session:
            rows = await session.rows(
                f"SELECT {_ALL} FROM {self._table} WHERE ended IS NULL "
                f"ORDER BY at, execution_id LIMIT {MOST_OPEN}"
            )
        return [_cancel(row) for row in rows]

    async def count_open(self) -> int:
        """How many there are."""
        async with self._database.reading() as session:
            rows = await session.rows(f"SELECT count(*) FROM {self._table} WHERE ended IS NULL")
        return int(rows[0][0])

    async def note_sent(self, task_ids: Sequence[str], at: float, problem: str | None) -> None:
        """Workers were ordered to revoke these tasks. ``problem``: what was answered."""
        await self._change(
            "sends = sends + 1, sent = ?, problem = ?", [at, text(problem, _MOST_PROBLEM)], task_ids
        )

    async def note_problem(self, task_ids: Sequence[str], problem: str) -> None:
        """The order could not be sent."""
        await self._change("problem = ?", [text(problem, _MOST_PROBLEM)], task_ids)

    async def close_ended(self, now: float) -> int:
        """End the cancels of tasks that have ended; how many."""
        states = ", ".join("?" * len(FINAL_STATES))
        prefix = self._database.prefix
        async with self._database.reading() as session:
            rows = await session.rows(
                f"SELECT label.text, cancel.execution_id FROM {self._table} cancel "
                f"JOIN {prefix}job_executions task ON task.execution_id = cancel.execution_id "
                f"JOIN {prefix}labels label ON label.id = task.state_id "
                f"WHERE cancel.ended IS NULL AND label.kind = ? AND label.text IN ({states})",
                [LabelKind.STATE.value, *sorted(FINAL_STATES)],
            )
        if rows:
            await self._end([(now, state, task_id) for state, task_id in rows])
        return len(rows)

    async def expire(self, before: float, now: float) -> int:
        """Give up the cancels that were requested before this time; how many."""
        async with self._database.reading() as session:
            rows = await session.rows(
                f"SELECT execution_id FROM {self._table} WHERE ended IS NULL AND at < ?", [before]
            )
        if rows:
            await self._end([(now, EXPIRED, row[0]) for row in rows])
        return len(rows)

    async def _end(self, rows: Sequence[Row]) -> None:
        async with changing(self._database) as session:
            await session.execute_many(
                f"UPDATE {self._table} SET ended = ?, outcome = ? WHERE execution_id = ? AND ended IS NULL",
                rows,
            )

    async def _change(self, change: str, values: Sequence[Any], task_ids: Sequence[str]) -> None:
        async with changing(self._database) as session:
            await session.execute_many(
                f"UPDATE {self._table} SET {change} WHERE execution_id = ?",
                [(*values, task_id) for task_id in task_ids],
            )


def _cancel(row: Row) -> RequestedCancel:
    task_id, at, identity, terminate, signal, sends, sent, problem, ended, outcome = row
    return RequestedCancel(
        task_id=task_id,
        at=at,
        identity=identity,
        terminate=bool(terminate),
        signal=signal,
        sends=sends,
        sent=sent,
        problem=problem,
        ended=ended,
        outcome=outcome,
    )
