"""Runs of tasks that have several, as rows of ``runs``."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from celery_monitor.history.database.session import Session
from celery_monitor.history.rows.clean import integer, text, time
from celery_monitor.records.tasks import Run

RUN_COLUMNS = (
    "execution_id",
    "number",
    "worker",
    "outcome",
    "received",
    "started",
    "finished",
    "runtime",
    "retries",
    "exception",
    "traceback",
    "reason",
)


def run_row(execution_id: str, run: Run) -> tuple[Any, ...]:
    """The values of RUN_COLUMNS."""
    return (
        execution_id,
        integer(run.number),
        text(run.worker),
        text(run.outcome),
        time(run.received),
        time(run.started),
        time(run.finished),
        time(run.runtime),
        integer(run.retries),
        text(run.exception),
        text(run.traceback),
        text(run.reason),
    )


async def stored_runs(prefix: str, session: Session, ids: Sequence[str]) -> dict[str, list[Run]]:
    """The rows of ``runs`` of these tasks, in order."""
    found: dict[str, list[Run]] = defaultdict(list)
    if ids:
        columns = ", ".join(RUN_COLUMNS)
        rows = await session.rows_of(
            f"SELECT {columns} FROM {prefix}runs WHERE execution_id IN ids ORDER BY execution_id, number",
            ids,
        )
        for row in rows:
            found[row[0]].append(Run(**dict(zip(RUN_COLUMNS[1:], row[1:], strict=True))))
    return found
