"""A task as a row of ``job_executions``, and back. Hot: once or twice for each task that is written."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from celery_monitor.history.rows.clean import MOST_ID_CHARACTERS, integer, text, time
from celery_monitor.history.rows.error_place import error_of
from celery_monitor.history.rows.labels import LabelKind
from celery_monitor.history.tables import job_executions
from celery_monitor.records.states import CONCLUDED_STATES, FINAL_STATES, RETRY
from celery_monitor.records.tasks import Run, TaskRecord

COLUMNS = tuple(column.name for column in job_executions.columns if column.name != "id")
LABEL_COLUMNS = (
    "state_id",
    "name_id",
    "worker_id",
    "queue_id",
    "error_id",
    "sender_id",
    "exchange_id",
    "routing_key_id",
)
INDEX = {name: number for number, name in enumerate(COLUMNS)}
_COUNT = len(COLUMNS)
_labels = itemgetter(*(INDEX[name] for name in LABEL_COLUMNS))

TRUNCATED = 1
RUNS_STORED = 2
OWN_ROOT = 4
DELETED_BEFORE = 8
"""An earlier row of the task was deleted. ``row_of`` does not know that."""

_ENDED = FINAL_STATES | CONCLUDED_STATES | {RETRY}
NOT_INDEXED = frozenset({"", "()", "[]", "{}", "None"})
"""Texts that are so common that the text search of SQLite has no entry of them."""


def row_of(record: TaskRecord, label: Callable[[int, str | None], int | None]) -> tuple[Any, ...]:
    """The values of COLUMNS."""
    runs = record.runs
    flags = TRUNCATED if record.arguments_truncated else 0
    if runs and (len(runs) > 1 or runs[0] != only_run(record)):
        flags |= RUNS_STORED
    root = record.root_id
    if root == record.id:
        flags |= OWN_ROOT
        root = None
    started, sent, received = time(record.started), time(record.sent), time(record.received)
    error = error_of(record.exception, record.traceback)
    return (
        text(record.id, MOST_ID_CHARACTERS),
        begin(record),
        label(LabelKind.STATE, record.state),
        label(LabelKind.NAME, record.name),
        label(LabelKind.WORKER, record.worker),
        label(LabelKind.QUEUE, record.queue),
        label(LabelKind.ERROR, "\n".join(error)) if error else None,
        label(LabelKind.SENDER, record.sender),
        label(LabelKind.EXCHANGE, record.exchange),
        label(LabelKind.ROUTING_KEY, record.routing_key),
        sent,
        received,
        started,
        time(record.finished),
        time(record.runtime),
        wait_of(sent, received, started, time(record.eta)),
        time(record.state_time) or 0.0,
        time(record.updated) or 0.0,
        time(record.eta),
        time(record.expires),
        integer(record.clock, 64) or 0,
        integer(record.retries) or 0,
        integer(record.priority),
        flags,
        len(runs),
        1 if record.run_twice else None,
        text(root, MOST_ID_CHARACTERS),
        text(record.parent_id, MOST_ID_CHARACTERS),
        text(record.group_id, MOST_ID_CHARACTERS),
        text(record.args),
        text(record.kwargs),
        text(record.exception),
        text(record.result),
        text(record.progress),
        text(record.traceback),
        text(record.reason),
    )


def record_of(row: Sequence[Any], text_of: Callable[[int | None], str | None], runs: list[Run]) -> TaskRecord:
    """The record of a row that begins with COLUMNS.

    ``runs``: those of the table ``runs``, empty if there are none.
    """
    # In the order of COLUMNS. Names cost no more time than numbers do.
    (
        execution_id,
        at,
        state_id,
        name_id,
        worker_id,
        queue_id,
        _error_id,
        sender_id,
        exchange_id,
        routing_key_id,
        sent,
        received,
        started,
        finished,
        runtime,
        _wait,
        state_time,
        updated,
        eta,
        expires,
        clock,
        retries,
        priority,
        flags,
        run_count,
        run_twice,
        root_id,
        parent_id,
        group_id,
        args,
        kwargs,
        exception,
        result,
        progress,
        traceback,
        reason,
    ) = row[:_COUNT]
    record = TaskRecord(
        id=execution_id,
        state=text_of(state_id) or "",
        name=text_of(name_id),
        worker=text_of(worker_id),
        queue=text_of(queue_id),
        sender=text_of(sender_id),
        exchange=text_of(exchange_id),
        routing_key=text_of(routing_key_id),
        sent=sent,
        received=received,
        started=started,
        finished=finished,
        runtime=runtime,
        state_time=state_time,
        updated=updated,
        eta=eta,
        expires=expires,
        clock=clock,
        retries=retries,
        priority=priority,
        arguments_truncated=bool(flags & TRUNCATED),
        run_twice=bool(run_twice),
        root_id=execution_id if flags & OWN_ROOT else root_id,
        parent_id=parent_id,
        group_id=group_id,
        args=args,
        kwargs=kwargs,
        exception=exception,
        result=result,
        progress=progress,
        traceback=traceback,
        reason=reason,
        at=at,
    )
    if run_count and not flags & RUNS_STORED:
        record.runs = [only_run(record)]
    else:
        record.runs = runs
    return record


def label_numbers(rows: Iterable[Sequence[Any]]) -> set[int | None]:
    """The numbers of all labels in rows of COLUMNS."""
    return set(chain.from_iterable(map(_labels, rows)))


def only_run(record: TaskRecord) -> Run:
    """The run that a task with one common run has. It is not stored: the task's row says the same."""
    return Run(
        number=1,
        worker=record.worker or "",
        received=record.received,
        started=record.started,
        finished=record.finished,
        outcome=record.state if record.state in _ENDED else None,
        reason=record.reason,
        runtime=record.runtime,
        retries=record.retries,
        exception=record.exception,
        traceback=record.traceback,
    )


def begin(record: TaskRecord) -> float:
    """When the task was sent, or else first seen."""
    known = [record.sent, record.received, record.started, record.finished]
    if len(record.runs) > 1:
        known += [record.runs[0].received, record.runs[0].started]
    times = [value for value in map(time, known) if value is not None]
    return min(times) if times else time(record.state_time) or time(record.updated) or 0.0


def wait_of(
    sent: float | None, received: float | None, started: float | None, eta: float | None
) -> float | None:
    """Seconds from when the task could have been started until it was. None if either is unknown."""
    since = sent if sent is not None else received
    if since is None or started is None:
        return None
    return max(0.0, started - max(since, eta or since))


def searchable(args: str | None, kwargs: str | None, exception: str | None, result: str | None) -> str:
    """What the text search finds the task by. Empty if there is nothing to find."""
    parts = [
        part for part in (args, kwargs, exception, result) if part is not None and part not in NOT_INDEXED
    ]
    return "\n" + "\n".join(parts) + "\n" if parts else ""
