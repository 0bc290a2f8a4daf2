"""Rows of tasks as records: one with everything, or many without runs and tracebacks."""

from collections.abc import Sequence

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.rows.labels import Labels
from celery_monitor.history.rows.runs import stored_runs
from celery_monitor.history.rows.tasks import COLUMNS, INDEX, RUNS_STORED, label_numbers, record_of
from celery_monitor.history.views import RelatedTasks
from celery_monitor.records.tasks import TaskRecord

_MOST_RELATED = 1_000
_ALL = ", ".join(COLUMNS)
# A list needs no tracebacks; the column stays, so that rows of both have one form.
_SHORT = ", ".join("NULL" if name == "traceback" else name for name in COLUMNS)


async def one_task(database: Database, session: Session, identity: str) -> TaskRecord | None:
    """The task with its runs; None if the history does not have it."""
    rows = await session.rows(
        f"SELECT {_ALL} FROM {database.prefix}job_executions WHERE execution_id = ?",
        [identity],
    )
    if not rows:
        return None
    labels = Labels(database.prefix)
    await labels.load(session, label_numbers(rows))
    runs = {}
    if rows[0][INDEX["flags"]] & RUNS_STORED:
        runs = await stored_runs(database.prefix, session, [identity])
    return record_of(rows[0], labels.text, runs.get(identity, []))


async def tasks_of(database: Database, session: Session, ids: Sequence[int]) -> list[TaskRecord]:
    """The tasks of these rows, in this order, without runs and tracebacks."""
    rows = await session.rows_of(
        f"SELECT {_SHORT}, id FROM {database.prefix}job_executions WHERE id IN ids",
        ids,
    )
    labels = Labels(database.prefix)
    await labels.load(session, label_numbers(rows))
    found = {}
    for row in rows:
        record = record_of(row, labels.text, [])
        record.runs = []
        found[row[-1]] = record
    return [found[number] for number in ids if number in found]


async def tasks_by_id(database: Database, session: Session, identities: Sequence[str]) -> list[TaskRecord]:
    """The tasks with these ids, in this order, without runs and tracebacks."""
    rows = await session.rows_of(
        f"SELECT execution_id, id FROM {database.prefix}job_executions WHERE execution_id IN ids", identities
    )
    numbers = {row[0]: row[1] for row in rows}
    return await tasks_of(database, session, [numbers[one] for one in identities if one in numbers])


async def related_tasks(database: Database, session: Session, task: TaskRecord) -> RelatedTasks:
    """The neighbours of a task of the history."""
    table = f"{database.prefix}job_executions"
    root_id = task.root_id or task.id
    limit = f"ORDER BY at, id LIMIT {_MOST_RELATED + 1}"
    children = await session.rows(f"SELECT id FROM {table} WHERE parent_id = ? {limit}", [task.id])
    workflow = await session.rows(f"SELECT id FROM {table} WHERE root_id = ? {limit}", [root_id])
    numbers = [row[0] for row in (*children[:_MOST_RELATED], *workflow[:_MOST_RELATED])]
    above = [name for name in {root_id, task.parent_id} if name]
    numbers += [
        row[0] for row in await session.rows_of(f"SELECT id FROM {table} WHERE execution_id IN ids", above)
    ]
    records = {record.id: record for record in await tasks_of(database, session, sorted(set(numbers)))}
    begun = sorted(records.values(), key=lambda record: (record.sent or record.received or 0.0, record.id))
    return RelatedTasks(
        root=records.get(root_id),
        parent=records.get(task.parent_id or ""),
        children=[record for record in begun if record.parent_id == task.id],
        workflow=[record for record in begun if (record.root_id or record.id) == root_id],
        complete=max(len(children), len(workflow)) <= _MOST_RELATED,
    )
