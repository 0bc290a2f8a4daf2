# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""The three tasks that document 003 shows, under names of its list, with something to do."""

from typing import Any

from celery import Task, shared_task

from upstream.celery_monitoring import MonitoredTask, monitor_task


class DatabaseError(Exception):
    """The error of the document's example."""


@shared_task(base=MonitoredTask)
def run_drift_detection(customer_id: Any, arg1: Any, arg2: Any) -> None:
    """Succeeds, or fails as in the document."""
    if arg1 == "fail":
        raise DatabaseError(arg2)


@shared_task
@monitor_task
def send_alert(customer_id: Any, arg1: Any, arg2: Any) -> None:
    """Succeeds."""


@shared_task(base=MonitoredTask, bind=True, max_retries=3)
def send_webhook(self: Task, arg1: Any) -> None:
    """Retries for transient failures, as the document has it; sooner, so that the test need not wait."""
    try:
        if self.request.retries < arg1:
            raise ConnectionError("not yet")
    except Exception as exc:
        raise self.retry(exc=exc, countdown=0) from exc
