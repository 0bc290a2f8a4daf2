"""Hung task: one runs for longer than it may."""

from collections.abc import Iterable

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.findings import Finding
from celery_health.verdicts.text import lasting, listed
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.worker_snapshot import RunningTask, WorkerSight


def find(
    workers: Iterable[WorkerSight], thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS
) -> Finding | None:
    """The longest running of all gives the words; every worker that holds a hung task is named."""
    found = [(worker, task) for worker in workers for task in hung_tasks(worker, thresholds)]
    if not found:
        return None
    worker, task = max(found, key=lambda one: one[1].running_for or 0.0)
    others = list(dict.fromkeys(other.name for other, _ in found if other is not worker))
    message = (
        f"Worker {worker.name} has been running task {task.name} ({task.id}) for "
        f"{lasting(task.running_for or 0.0)}, its limit is {lasting(_limit(task, thresholds) or 0.0)}"
    )
    if others:
        message += f" (likewise {listed(others)})"
    return Finding(
        reason=FleetReason.HUNG_TASK,
        message=message,
        remedy="Find out what the task waits for, and give it a timeout; restarting the worker ends it",
        subjects=(worker.name, *others),
    )


def hung_tasks(
    worker: WorkerSight, thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS
) -> tuple[RunningTask, ...]:
    """The worker's tasks that run past their own limit and its grace, or past the limit for all tasks."""
    return tuple(task for task in worker.running if _is_hung(task, thresholds))


def _is_hung(task: RunningTask, thresholds: FleetThresholds) -> bool:
    if task.running_for is None:
        return False
    over_own = task.limit is not None and task.running_for > task.limit + thresholds.hung_grace
    over_all = thresholds.hung_after is not None and task.running_for > thresholds.hung_after
    return over_own or over_all


def _limit(task: RunningTask, thresholds: FleetThresholds) -> float | None:
    """The limit to tell: the lower of the two."""
    return min((limit for limit in (task.limit, thresholds.hung_after) if limit is not None), default=None)
