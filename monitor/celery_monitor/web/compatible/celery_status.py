"""Celery's health, its running tasks and their numbers below ``/api/celery/``."""

from collections import Counter
from datetime import UTC, datetime

from pydantic import Field

from celery_health.catalogue.fleet import FleetReason
from celery_monitor.live.fleet_check import FleetState
from celery_monitor.web.compatible.advice import UNHEALTHY, UNKNOWN_LENGTH, health_word, recommendations
from celery_monitor.web.models.base import Document, NoBody, NoQuery
from celery_monitor.web.routing import Call, Reply, Route


def _is_none(value: object) -> bool:
    return value is None


class ActiveWorkers(Document):
    """The workers that consume. ``worker_count`` is there while ``healthy``, otherwise ``error``."""

    healthy: bool = Field(description="Whether at least one worker consumes.")
    active_workers: list[str] = Field(description="Names of the workers that consume.")
    worker_count: int | None = Field(default=None, exclude_if=_is_none, description="How many these are.")
    error: str | None = Field(
        default=None, exclude_if=_is_none, description="Why no worker is known to consume."
    )


class CeleryHealth(Document):
    """The health of the application."""

    status: str = Field(description="`healthy`, `degraded` or `unhealthy`.")
    workers: ActiveWorkers = Field(description="The workers that consume.")
    queues: dict[str, int] = Field(description="Messages that wait in each queue; -1 if unknown.")
    recommendations: list[str] = Field(description="What to do now, the most urgent first.")


class RunningTask(Document):
    """A task that a worker is running."""

    worker: str = Field(description="The name of the worker.")
    task_name: str = Field(description="The name of the task.")
    task_id: str = Field(description="The id of the task.")
    time_start: int | None = Field(description="Unix time in whole seconds.")


class TaskWithEta(Document):
    """A task that a worker has fetched and that waits for its time."""

    worker: str = Field(description="The name of the worker.")
    task_name: str = Field(description="The name of the task.")
    task_id: str = Field(description="The id of the task.")
    eta: str | None = Field(description="ISO 8601, in UTC.")


class CeleryTasks(Document):
    """The tasks that workers have fetched."""

    running: list[RunningTask] = Field(description="The running tasks.")
    scheduled: list[TaskWithEta] = Field(description="The tasks that wait for their time.")
    running_count: int = Field(description="How many tasks run, also of those that are not listed.")


class TaskNumbers(Document):
    """The tasks of one name."""

    running: int = Field(description="How many run.")
    scheduled: int = Field(description="How many wait for their time.")


class CeleryStats(Document):
    """The numbers of the tasks that workers have fetched."""

    total_running: int = Field(description="How many tasks run.")
    total_scheduled: int = Field(description="How many tasks wait for their time.")
    by_task_name: dict[str, TaskNumbers] = Field(description="The same by the name of the task.")


def health_of(state: FleetState, app: str) -> CeleryHealth:
    """The health as the document has it. ``app`` is what ``celery -A`` takes."""
    return CeleryHealth(
        status=health_word(state.result),
        workers=_workers(state),
        queues={name: UNKNOWN_LENGTH if ready is None else ready for name, ready in state.queues.items()},
        recommendations=recommendations(state.result, app),
    )


def tasks_of(state: FleetState) -> CeleryTasks:
    """The running and scheduled tasks of the workers that answered."""
    snapshot = state.snapshot
    running = [
        RunningTask(
            worker=worker.name,
            task_name=task.name,
            task_id=task.id,
            time_start=None if task.running_for is None else round(snapshot.workers_at - task.running_for),
        )
        for worker in snapshot.workers
        for task in worker.running
    ]
    scheduled = [
        TaskWithEta(worker=worker, task_name=task.name, task_id=task.id, eta=_utc(task.eta))
        for worker, tasks in sorted(snapshot.eta_tasks.items())
        for task in tasks
    ]
    return CeleryTasks(
        running=running,
        scheduled=scheduled,
        running_count=sum(worker.active_count for worker in snapshot.workers),
    )


def stats_of(tasks: CeleryTasks) -> CeleryStats:
    """The numbers of the listed tasks."""
    running = Counter(task.task_name for task in tasks.running)
    scheduled = Counter(task.task_name for task in tasks.scheduled)
    return CeleryStats(
        total_running=len(tasks.running),
        total_scheduled=len(tasks.scheduled),
        by_task_name={
            name: TaskNumbers(running=running[name], scheduled=scheduled[name])
            for name in sorted({*running, *scheduled})
        },
    )


async def celery_health(call: Call[NoQuery, NoBody]) -> Reply[CeleryHealth]:
    """The health; 503 while it is unhealthy."""
    fleet = call.services.application.fleet
    document = health_of(await fleet.state(), fleet.connection.name)
    return Reply(document, 503 if document.status == UNHEALTHY else 200)


async def celery_tasks(call: Call[NoQuery, NoBody]) -> CeleryTasks:
    """The running and scheduled tasks."""
    return tasks_of(await call.services.application.fleet.state())


async def celery_stats(call: Call[NoQuery, NoBody]) -> CeleryStats:
    """The numbers of running and scheduled tasks."""
    return stats_of(tasks_of(await call.services.application.fleet.state()))


def _workers(state: FleetState) -> ActiveWorkers:
    active = [worker.name for worker in state.snapshot.workers if worker.consuming is not False]
    if active and not state.broker_away:
        return ActiveWorkers(healthy=True, active_workers=active, worker_count=len(active))
    return ActiveWorkers(healthy=False, active_workers=active, error=_error(state))


def _error(state: FleetState) -> str:
    worst = next(iter(state.result.problems), None)
    if worst is None or worst.reason == FleetReason.NO_WORKERS.value:
        return "No active Celery workers found"
    return worst.message


def _utc(eta: str | None) -> str | None:
    try:
        moment = None if eta is None else datetime.fromisoformat(eta)
    except ValueError:
        return eta
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds")


ROUTES = (
    Route(
        method="GET",
        path="/api/celery/health/",
        handler=celery_health,
        role=None,
        statuses=(200, 503),
        summary="Whether Celery works, for probes and load balancers.",
        either_slash=True,
        tag="compatible",
    ),
    Route(
        method="GET",
        path="/api/celery/tasks/",
        handler=celery_tasks,
        summary="Running tasks, and tasks that wait for their time.",
        either_slash=True,
        tag="compatible",
    ),
    Route(
        method="GET",
        path="/api/celery/stats/",
        handler=celery_stats,
        summary="Numbers of running and scheduled tasks by name.",
        either_slash=True,
        tag="compatible",
    ),
)
