"""Deletes what is older than the history keeps, a little at a time."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from celery_monitor.history.database.connection import Database, cause
from celery_monitor.history.database.session import AwayError, Session
from celery_monitor.history.deleted_tasks import DeletedTasks
from celery_monitor.history.requests.bulks import delete_bulks
from celery_monitor.history.rollups.levels import BY_EACH, EACH_DAYS, HOUR, MINUTE
from celery_monitor.history.rows.labels import LabelKind, Labels
from celery_monitor.history.rows.short_values import short_values
from celery_monitor.history.rows.tasks import LABEL_COLUMNS, searchable
from celery_monitor.history.unused_labels import UnusedLabels

_log = logging.getLogger(__name__)

_CHUNK = 1_000
_MOST_CHUNKS = 200
"""In one pass; the next one goes on."""
_PAGES = 2_000
_SMALL_TABLES_SECONDS = 3_600.0
"""Rollups are searched from end to end for old rows."""
_NAMES_AT_ONCE = 20
_DAY = 86_400
_MINUTES_DAYS = 7
_HOURS_DAYS = 400
_AUDIT_DAYS = 400
# The lock that one monitor at a time has while it deletes, on PostgreSQL.
_LOCK = 0x63656C65727903
_TEXTS = ("args", "kwargs", "exception", "result")
_STATE, _UPDATED = 2 + LABEL_COLUMNS.index("state_id"), 2 + len(LABEL_COLUMNS)


class Retention:
    """Deletes from one database: tasks by age and number, samples by age, labels when nothing has them, and
    all else by fixed ages.
    """

    def __init__(
        self, database: Database, keep_days: float | None, keep_tasks: int | None, clock: Callable[[], float]
    ):
        self._database = database
        self._keep_days = keep_days
        self._keep_tasks = keep_tasks
        self._clock = clock
        self._labels = UnusedLabels(database.prefix)
        self._deleted_tasks = DeletedTasks(database.prefix)
        self._small_tables_due = 0.0
        self.deleted = 0

    async def pass_once(self) -> None:
        """Delete what is due, in short transactions. While the database is away, nothing happens."""
        try:
            for _ in range(_MOST_CHUNKS):
                async with self._database.writing() as session:
                    if not await self._may(session):
                        return
                    count = await self._chunk(session)
                if count == 0:
                    break
            if self._clock() >= self._small_tables_due:
                await self._small_tables()
                self._small_tables_due = self._clock() + _SMALL_TABLES_SECONDS
            async with self._database.writing() as session:
                await self._labels.delete_chunk(session)
                await self._deleted_tasks.shorten(session)
            if self._database.is_sqlite:
                await self._database.shrink(_PAGES)
        except AwayError as error:
            _log.warning("Old tasks were not deleted, and will be later: %s", cause(error))

    async def _may(self, session: Session) -> bool:
        """Whether no other monitor deletes at the moment."""
        if self._database.is_sqlite:
            return True
        return bool((await session.rows("SELECT pg_try_advisory_xact_lock(?)", [_LOCK]))[0][0])

    async def _chunk(self, session: Session) -> int:
        """Delete up to a chunk of the oldest tasks that are due; how many."""
        columns = ", ".join(("id", "execution_id", *LABEL_COLUMNS, "updated", *_TEXTS))
        table = f"{self._database.prefix}job_executions"
        rows: list[tuple[Any, ...]] = []
        if self._keep_days is not None:
            cutoff = self._clock() - self._keep_days * _DAY
            # A task that is older and still changes stays.
            rows = await session.rows(
                f"SELECT {columns} FROM {table} WHERE at < ? AND updated < ? ORDER BY at LIMIT {_CHUNK}",
                [cutoff, cutoff],
            )
        if not rows and self._keep_tasks is not None:
            total = await session.rows(
                f"SELECT coalesce(sum(tasks), 0) FROM {self._database.prefix}labels WHERE kind = ?",
                [int(LabelKind.STATE)],
            )
            excess = min(_CHUNK, int(total[0][0]) - self._keep_tasks)
            if excess > 0:
                rows = await session.rows(f"SELECT {columns} FROM {table} ORDER BY at LIMIT {excess}")
        if rows:
            await self._delete(session, rows, self._clock())
        return len(rows)

    async def _delete(self, session: Session, rows: Sequence[tuple[Any, ...]], now: float) -> None:
        prefix = self._database.prefix
        if self._database.is_sqlite:
            texts = [(row[0], searchable(*row[-len(_TEXTS) :])) for row in rows]
            await session.execute_many(
                "INSERT INTO task_texts (task_texts, rowid, text) VALUES ('delete', ?, ?)",
                [entry for entry in texts if entry[1]],
            )
            await session.execute_many(
                "DELETE FROM short_values WHERE value = ? AND task = ?",
                [(value, row[0]) for row in rows for value in short_values(*row[-len(_TEXTS) :][:2])],
            )
        await session.execute_of(
            f"DELETE FROM {prefix}runs WHERE execution_id IN ids", [row[1] for row in rows]
        )
        await session.execute_of(
            f"DELETE FROM {prefix}job_executions WHERE id IN ids", [row[0] for row in rows]
        )
        changes: Counter[int] = Counter()
        for row in rows:
            changes.subtract(number for number in row[2 : 2 + len(LABEL_COLUMNS)] if number)
        await Labels(prefix).count(session, changes)
        await self._deleted_tasks.note(session, ((row[1], row[_UPDATED], row[_STATE]) for row in rows), now)
        self.deleted += len(rows)

    async def _small_tables(self) -> None:
        """Delete all but tasks. Writers wait for one statement at a time."""
        prefix, now = self._database.prefix, self._clock()
        rollups = f"DELETE FROM {prefix}task_rollups WHERE level = ? AND seconds = ? AND at < ?"
        for level in range(BY_EACH + 1):
            days = EACH_DAYS if level == BY_EACH else _MINUTES_DAYS
            await self._execute(rollups, [level, MINUTE, int(now) - days * _DAY])
            await self._execute(rollups, [level, HOUR, int(now) - _HOURS_DAYS * _DAY])
        if self._keep_days is not None:
            for kind in ("queue", "worker"):
                await self._samples(kind, now - self._keep_days * _DAY)
        before = now - _AUDIT_DAYS * _DAY
        for table, time in (("audit", "at"), ("requested_cancels", "ended"), ("task_retries", "at")):
            await self._execute(f"DELETE FROM {prefix}{table} WHERE {time} < ?", [before])
        async with self._database.writing() as session:
            await delete_bulks(prefix, session, "ended < ?", before)

    async def _samples(self, kind: str, before: float) -> None:
        """Delete the samples of queues or workers of before this time.

        The index of the samples begins with the name. So the old ones are found for each name, and no query
        reads all samples.
        """
        table = f"{self._database.prefix}{kind}_samples"
        following = f"SELECT min({kind}) FROM {table} WHERE {kind} > name"
        names = (
            f"WITH RECURSIVE names (name) AS (SELECT min({kind}) FROM {table} "
            f"UNION ALL SELECT ({following}) FROM names WHERE name IS NOT NULL) "
            f"SELECT name FROM names WHERE (SELECT min(at) FROM {table} WHERE {kind} = name) < ?"
        )
        async with self._database.writing() as session:
            found = [row[0] for row in await session.rows(names, [before])]
        for start in range(0, len(found), _NAMES_AT_ONCE):
            due = [(name, before) for name in found[start : start + _NAMES_AT_ONCE]]
            async with self._database.writing() as session:
                await session.execute_many(f"DELETE FROM {table} WHERE {kind} = ? AND at < ?", due)

    async def _execute(self, sql: str, parameters: Sequence[Any]) -> None:
        async with self._database.writing() as session:
            await session.execute(sql, parameters)
