"""Tasks as a query would read them, from rows that were just written."""

from collections.abc import Iterable

from celery_monitor.history.filters.matching import StoredTask
from celery_monitor.history.rows.labels import Labels
from celery_monitor.history.rows.runs import RUN_COLUMNS, run_row
from celery_monitor.history.rows.tasks import INDEX, RUNS_STORED, record_of
from celery_monitor.history.writing.flush import Written
from celery_monitor.records.tasks import Run

_FLAGS, _WAIT, _ERROR = INDEX["flags"], INDEX["wait"], INDEX["error_id"]


def stored_tasks(written: Iterable[Written], labels: Labels) -> list[StoredTask]:
    """The tasks of these rows."""
    found = []
    for row, runs in written:
        kept = [_stored_run(run) for run in runs] if row[_FLAGS] & RUNS_STORED else []
        record = record_of(row, labels.text, kept)
        found.append(StoredTask(record, row[_WAIT], labels.text(row[_ERROR])))
    return found


def _stored_run(run: Run) -> Run:
    values = run_row("", run)[1:]
    return Run(**dict(zip(RUN_COLUMNS[1:], values, strict=True)))
