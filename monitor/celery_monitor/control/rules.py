"""Which tasks can be cancelled and which can be retried. Pure."""

from celery_health.survey.task import states
from celery_monitor.records.states import UNREPORTED
from celery_monitor.records.tasks import TaskRecord

_END_UNKNOWN = "The worker has ended the task, and no event says how"


def cancel_refusal(record: TaskRecord) -> str | None:
    """Why the task cannot be cancelled, None if it can."""
    if record.state == UNREPORTED:
        return f"{_END_UNKNOWN}: there is nothing to cancel."
    return states.cancel_refusal(record.state)


def retry_refusal(record: TaskRecord) -> str | None:
    """Why the task cannot be retried, None if it can. Its arguments may still be unknown."""
    if record.state == UNREPORTED:
        return (
            f"{_END_UNKNOWN}: it may have succeeded. Read its result or the log of the worker, and send the "
            "task from the application if it is needed again."
        )
    why = states.retry_refusal(record.state)
    if why is None and not record.name:
        return (
            "The monitor does not know the name of the task, because it has no event task-sent or "
            "task-received of it: send the task from the application."
        )
    return why
