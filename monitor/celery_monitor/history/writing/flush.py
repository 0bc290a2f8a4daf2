"""One batch of records into the database, in one transaction."""

import copy
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.deleted_tasks import DeletedTasks, may_return
from celery_monitor.history.rollups.contributions import Key, Sums, contribute
from celery_monitor.history.rollups.levels import rows_of
from celery_monitor.history.rollups.store import add_to_rollups
from celery_monitor.history.rows.clean import MOST_ID_CHARACTERS, text
from celery_monitor.history.rows.labels import Labels
from celery_monitor.history.rows.runs import RUN_COLUMNS, run_row, stored_runs
from celery_monitor.history.rows.short_values import short_values
from celery_monitor.history.rows.tasks import (
    COLUMNS,
    DELETED_BEFORE,
    INDEX,
    LABEL_COLUMNS,
    RUNS_STORED,
    label_numbers,
    record_of,
    row_of,
    searchable,
)
from celery_monitor.history.turns import in_turns
from celery_monitor.history.writing.merge import merge_records
from celery_monitor.records.tasks import Run, TaskRecord

_LABELS_AT = tuple(INDEX[name] for name in LABEL_COLUMNS)
_FLAGS = INDEX["flags"]
_TEXTS = slice(INDEX["args"], INDEX["result"] + 1)
_ARGUMENTS = slice(INDEX["args"], INDEX["kwargs"] + 1)


class Change(NamedTuple):
    """A task before and after: rows with the row's id first, and records. None and no row: a new task.

    ``deleted``: an earlier row of the new task was deleted, which had changed last at this time.
    """

    number: int | None
    row: tuple[Any, ...] | None
    before: TaskRecord | None
    after: TaskRecord
    deleted: float | None = None

    @property
    def deleted_before(self) -> bool:
        """Whether the task had an earlier row, which was deleted."""
        return self.deleted is not None or (self.row is not None and bool(self.row[_FLAGS] & DELETED_BEFORE))


class Written(NamedTuple):
    """The row of a task as it was written, and the task's runs."""

    row: tuple[Any, ...]
    runs: Sequence[Run]


def snapshot(record: TaskRecord) -> TaskRecord:
    """A copy that does not change any more while the batch is written."""
    taken = copy.copy(record)
    taken.id = text(record.id, MOST_ID_CHARACTERS) or "?"
    taken.runs = [copy.copy(run) for run in record.runs]
    return taken


async def write_tasks(
    database: Database, session: Session, labels: Labels, records: Sequence[TaskRecord]
) -> list[Written]:
    """Merge the records with what is stored and write them. Each task id appears once in ``records``.

    Returns what was written, without the records that changed nothing.
    """
    await labels.follow_deletions(session)
    changes = await _changes(database, session, labels, records)
    rows = await _rows(session, labels, changes)
    table = f"{database.prefix}job_executions"
    new = [row for change, row in zip(changes, rows, strict=True) if change.number is None]
    updated = [
        (*row[1:], change.number)
        for change, row in zip(changes, rows, strict=True)
        if change.number is not None
    ]
    if database.is_sqlite:
        first = (await session.rows(f"SELECT coalesce(max(id), 0) + 1 FROM {table}"))[0][0]
        await session.insert(table, ("id", *COLUMNS), [(first + at, *row) for at, row in enumerate(new)])
        await _index_texts(session, changes, rows, first)
    else:
        await session.insert(table, COLUMNS, new)
    if updated:
        assignments = ", ".join(f"{name} = ?" for name in COLUMNS[1:])
        await session.execute_many(f"UPDATE {table} SET {assignments} WHERE id = ?", updated)
    await _write_runs(database.prefix, session, changes, rows)
    await labels.count(session, _label_changes(changes, rows))
    await _count_runs(database.prefix, session, labels, changes)
    return [Written(row, change.after.runs) for change, row in zip(changes, rows, strict=True)]


async def _changes(
    database: Database, session: Session, labels: Labels, records: Sequence[TaskRecord]
) -> list[Change]:
    """What each record changes, without those that change nothing."""
    columns = ", ".join(COLUMNS)
    found = await session.rows_of(
        f"SELECT id, {columns} FROM {database.prefix}job_executions WHERE execution_id IN ids",
        [record.id for record in records],
    )
    stored = {row[1]: row for row in found}
    deleted = await _deleted(
        database.prefix, session, [record for record in records if record.id not in stored]
    )
    if not found and not deleted:
        return [Change(None, None, None, record) for record in records]
    await labels.load(session, label_numbers(row[1:] for row in found))
    runs = await stored_runs(
        database.prefix, session, [row[1] for row in found if row[1 + _FLAGS] & RUNS_STORED]
    )
    changes = []
    async for part in in_turns(records):
        for record in part:
            row = stored.get(record.id)
            if row is None:
                since = deleted.get(record.id)
                if since is None or may_return(record, since):
                    changes.append(Change(None, None, None, record, since))
                continue
            before = record_of(row[1:], labels.text, runs.get(record.id, []))
            after = merge_records(before, record)
            if after != before:
                changes.append(Change(row[0], row[1:], before, after))
    return changes


async def _deleted(prefix: str, session: Session, records: Sequence[TaskRecord]) -> dict[str, float]:
    """Those of these tasks that had a row, which was deleted. Those that get a row again leave the table."""
    table = DeletedTasks(prefix)
    found = await table.of(session, [record.id for record in records])
    if found:
        returning = [one.id for one in records if one.id in found and may_return(one, found[one.id])]
        await table.remove(session, returning)
    return found


async def _rows(session: Session, labels: Labels, changes: Sequence[Change]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    async for part in in_turns(changes):
        made = [row_of(change.after, labels.id) for change in part]
        if labels.missing:
            await labels.create_missing(session)
            made = [row_of(change.after, labels.id) for change in part]
        rows += made
    for at, change in enumerate(changes):
        if change.deleted_before:
            row = rows[at]
            rows[at] = (*row[:_FLAGS], row[_FLAGS] | DELETED_BEFORE, *row[_FLAGS + 1 :])
    return rows


async def _index_texts(
    session: Session, changes: Sequence[Change], rows: Sequence[tuple[Any, ...]], first: int
) -> None:
    """Bring SQLite's indexes up to date. That of texts keeps none, so an old text is named to be removed."""
    added, removed = [], []
    added_values: list[tuple[str, int]] = []
    removed_values: list[tuple[str, int]] = []
    for change, row in zip(changes, rows, strict=True):
        number = change.number
        if number is None:
            number = first
            first += 1
        after = searchable(*row[_TEXTS])
        before = searchable(*change.row[_TEXTS]) if change.row else ""
        if after != before:
            if before:
                removed.append((number, before))
            if after:
                added.append((number, after))
        arguments, stored = row[_ARGUMENTS], change.row[_ARGUMENTS] if change.row else (None, None)
        if arguments != stored:
            removed_values += ((value, number) for value in short_values(*stored))
            added_values += ((value, number) for value in short_values(*arguments))
    await session.execute_many(
        "INSERT INTO task_texts (task_texts, rowid, text) VALUES ('delete', ?, ?)", removed
    )
    await session.execute_many("INSERT INTO task_texts (rowid, text) VALUES (?, ?)", added)
    await session.execute_many("DELETE FROM short_values WHERE value = ? AND task = ?", removed_values)
    await session.execute_many("INSERT INTO short_values (value, task) VALUES (?, ?)", added_values)


async def _write_runs(
    prefix: str, session: Session, changes: Sequence[Change], rows: Sequence[tuple[Any, ...]]
) -> None:
    table = f"{prefix}runs"
    removed = [
        (change.after.id,)
        for change in changes
        if change.row is not None and change.row[_FLAGS] & RUNS_STORED
    ]
    if removed:
        await session.execute_many(f"DELETE FROM {table} WHERE execution_id = ?", removed)
    added = [
        run_row(str(row[0]), run)
        for change, row in zip(changes, rows, strict=True)
        if row[_FLAGS] & RUNS_STORED
        for run in change.after.runs
    ]
    if added:
        await session.insert(table, RUN_COLUMNS, added)


async def _count_runs(prefix: str, session: Session, labels: Labels, changes: Sequence[Change]) -> None:
    sums: dict[Key, Sums] = {}
    async for part in in_turns(changes):
        for change in part:
            receipt = not change.deleted_before
            if change.before is not None:
                contribute(sums, change.before, -1, receipt=receipt)
            after = -math.inf if change.deleted is None else change.deleted
            contribute(sums, change.after, 1, receipt=receipt, after=after)
    rows = rows_of(sums, labels.id)
    if labels.missing:
        # Workers of earlier runs.
        await labels.create_missing(session)
        rows = rows_of(sums, labels.id)
    await add_to_rollups(prefix, session, rows)


def _label_changes(changes: Sequence[Change], rows: Sequence[tuple[Any, ...]]) -> Counter[int]:
    """By how much the number of tasks with each label changes."""
    counted: Counter[int] = Counter()
    for change, row in zip(changes, rows, strict=True):
        for at in _LABELS_AT:
            if change.row is not None and change.row[at]:
                counted[change.row[at]] -= 1
            if row[at]:
                counted[row[at]] += 1
    return counted
