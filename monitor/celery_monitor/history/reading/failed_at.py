"""When a task failed: when its runs with an error ended, which may be long after it was sent."""

from celery_monitor.history.database.connection import Database
from celery_monitor.history.rows.tasks import RUNS_STORED


def failed_at(database: Database) -> tuple[str, str]:
    """Two expressions of SQL for a row ``task``: when it failed first, and when it failed last."""
    runs = (
        f"FROM {database.prefix}runs AS run "
        "WHERE run.execution_id = task.execution_id AND run.exception IS NOT NULL"
    )

    def expression(function: str) -> str:
        return (
            f"COALESCE(CASE WHEN (task.flags & {RUNS_STORED}) <> 0 "
            f"THEN (SELECT {function}(run.finished) {runs}) END, task.finished, task.state_time)"
        )

    return expression("min"), expression("max")
