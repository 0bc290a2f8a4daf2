"""Which tasks can be retried. Pure."""

from celery_monitor.records.states import FAILURE, LOST, REJECTED, REVOKED, SUCCESS
from celery_monitor.records.tasks import TaskRecord

RETRYABLE = frozenset({FAILURE, REVOKED, REJECTED, LOST})


def refusal(record: TaskRecord) -> str | None:
    """Why the task cannot be retried, None if it can."""
    if record.state == SUCCESS:
        return "The task has succeeded: send a new task instead of a retry."
    if record.state not in RETRYABLE:
        return f"The task has not ended ({record.state}): wait for its end, or cancel it first."
    if not record.name:
        return (
            "The monitor does not know the name of the task, because it has no event task-sent or "
            "task-received of it: send the task from the application."
        )
    return None
