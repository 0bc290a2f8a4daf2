"""What an application writes at its tasks: a base class, or a decorator."""

from typing import TypeVar

from celery import Task

from celery_health.metrics.worker import METRICS, REQUEST

T = TypeVar("T")


class MonitoredTask(Task):  # type: ignore[misc]
    """The base class of tasks that are counted: ``@shared_task(base=MonitoredTask)``."""

    abstract = True
    Request = REQUEST


def monitor_task(task: T) -> T:
    """Have a task counted. Write it below or above ``@shared_task`` or ``@app.task``."""
    METRICS.monitor(task)
    return task
