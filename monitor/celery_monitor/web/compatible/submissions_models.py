"""The documents of the routes that send tasks and follow them."""

from typing import Any

from pydantic import Field

from celery_monitor.web.models.base import Body, Document

_MONTH = 31 * 24 * 3600
_QUEUE = r"^[^\x00-\x20\x7f]+$"


class TaskSubmission(Body):
    """A task to send."""

    task_name: str = Field(min_length=1, max_length=255, description="The name of the task, or its alias.")
    args: list[Any] = Field(default=[], max_length=100, description="Positional arguments.")
    kwargs: dict[str, Any] = Field(default={}, max_length=100, description="Keyword arguments.")
    queue: str | None = Field(
        default=None,
        min_length=1,
        max_length=255,
        pattern=_QUEUE,
        description="The queue. Without it the task goes where the application or a worker expects it.",
    )
    priority: int | None = Field(default=None, ge=0, le=255, description="The priority of the message.")
    countdown: float | None = Field(
        default=None, ge=0, le=_MONTH, allow_inf_nan=False, description="Seconds before the task may start."
    )


class Submitted(Document):
    """A task that the broker has taken."""

    task_id: str = Field(description="The id of the task.")
    status: str = Field(default="submitted", description="Always `submitted`.")
    message: str = Field(description="What was sent, and where.")
    task_name: str = Field(description="The full name of the task.")
    queue: str | None = Field(description="The queue; null if the application's own routes decide.")
    warning: str | None = Field(default=None, description="Why the task may have to wait.")


class Refused(Document):
    """A request that cannot be answered."""

    error: str = Field(description="What is wrong, and what to do.")
    valid_tasks: list[str] | None = Field(default=None, description="The tasks that may be sent.")
    task_id: str | None = Field(default=None, description="The task that the error is about.")
    status: str | None = Field(default=None, description="Its last known state.")


class TaskStatus(Document):
    """A task. Null: unknown."""

    task_id: str = Field(description="The id of the task.")
    task_name: str | None = Field(description="Its name.")
    status: str = Field(description="Its state. As in Celery, the state of an unknown task is `PENDING`.")
    known: bool = Field(description="Whether anything is known of the task.")
    result: Any = Field(description="The result, or what the task reported of its progress.")
    error: str | None = Field(description="The exception of a task that failed.")
    traceback: str | None = Field(description="The traceback of a task that failed.")
    args: str | None = Field(description="The arguments as the worker shows them.")
    kwargs: str | None = Field(description="The keyword arguments as the worker shows them.")
    queue: str | None = Field(description="The queue that it was sent to.")
    worker: str | None = Field(description="The worker of its last run.")
    retries: int | None = Field(description="How many retries there were.")
    submitted_at: str | None = Field(description="When it was sent, or first received. ISO 8601.")
    started_at: str | None = Field(description="When its last run began. ISO 8601.")
    completed_at: str | None = Field(description="When it ended. ISO 8601.")


class WorkerNumbers(Document):
    """One worker that answered."""

    consuming: bool | None = Field(description="Whether it fetches messages; null if unknown.")
    active: int = Field(description="The tasks that it runs.")
    reserved: int = Field(description="Fetched tasks that wait for a slot.")
    scheduled: int = Field(description="Fetched tasks that wait for their time.")
    slots: int | None = Field(description="The tasks that it can run at one time.")
    queues: list[str] = Field(description="The queues that it consumes.")


class QueueStats(Document):
    """Workers and queues in numbers."""

    active_tasks: int = Field(description="The tasks that run.")
    scheduled_tasks: int = Field(description="Fetched tasks that wait for their time.")
    reserved_tasks: int = Field(description="Fetched tasks that wait for a slot.")
    registered_tasks: int | None = Field(description="The names of tasks that workers know; null if unknown.")
    active_workers: list[str] = Field(description="The workers that consume.")
    worker_stats: dict[str, WorkerNumbers] = Field(description="By the name of the worker.")
    queues: dict[str, int] = Field(description="Messages that wait in each queue; -1 if unknown.")


class TaskHealth(Document):
    """The health of task processing."""

    status: str = Field(description="`healthy`, `degraded` or `unhealthy`.")
    celery_available: bool = Field(default=True, description="Always true: the monitor has Celery.")
    celery_connected: bool = Field(description="Whether the broker answers.")
    active_workers: list[str] = Field(description="The workers that consume.")
    queue_stats: QueueStats | None = Field(description="The numbers; null while the broker is away.")
    error: str | None = Field(default=None, description="What is wrong.")
    recommendations: list[str] = Field(default=[], description="What to do now, the most urgent first.")
