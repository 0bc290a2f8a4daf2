"""Hung task: a task runs beyond its limit."""

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.text import lasting
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker_snapshot import RunningTask, WorkerSnapshot


def check(fleet: FleetEvidence) -> Verdict | None:
    """The message is about the task that has run the longest."""
    thresholds = fleet.thresholds
    found = [(worker, task) for worker in fleet.workers for task in hung_tasks(worker, thresholds)]
    if not found:
        return None
    worker, task = max(found, key=lambda one: one[1].running_for or 0.0)
    names = dict.fromkeys((worker.name, *(other.name for other, _ in found)))
    return Verdict(
        FleetReason.HUNG_TASK,
        tuple(names),
        {
            "task": task.name,
            "task_id": task.id,
            "running": lasting(task.running_for or 0.0),
            "limit": lasting(_limit(task, thresholds) or 0.0),
        },
    )


def hung_tasks(worker: WorkerSnapshot, thresholds: FleetThresholds) -> tuple[RunningTask, ...]:
    """The worker's tasks that run beyond their own limit and its grace, or beyond the limit for all tasks."""
    return tuple(task for task in worker.running if _is_hung(task, thresholds))


def _is_hung(task: RunningTask, thresholds: FleetThresholds) -> bool:
    if task.running_for is None:
        return False
    over_own = task.limit is not None and task.running_for > task.limit + thresholds.hung_grace
    over_all = thresholds.hung_after is not None and task.running_for > thresholds.hung_after
    return over_own or over_all


def _limit(task: RunningTask, thresholds: FleetThresholds) -> float | None:
    """The limit to name: the lower of the two."""
    return min((limit for limit in (task.limit, thresholds.hung_after) if limit is not None), default=None)
