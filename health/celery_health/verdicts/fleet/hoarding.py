"""Hoarding: a worker holds far more messages than it works on, and no other worker can have them."""

from collections.abc import Iterable

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.findings import Finding
from celery_health.verdicts.text import counted, listed
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSight


def find(
    workers: Iterable[WorkerSight], thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS
) -> Finding | None:
    """The worker with the largest hoard gives the words."""
    hoarders = [worker for worker in workers if is_hoarding(worker, thresholds)]
    if not hoarders:
        return None
    worst = max(hoarders, key=lambda worker: worker.waiting)
    others = [worker.name for worker in hoarders if worker is not worst]
    message = (
        f"Worker {worst.name} holds {counted(worst.waiting, 'message')} that it does not work on "
        f"({worst.eta_held} wait for their time, {worst.reserved} for a slot or a rate limit) "
        f"and runs {counted(worst.active_count, 'task')}"
    )
    if others:
        message += f" (likewise {listed(others)})"
    return Finding(
        reason=FleetReason.HOARDING,
        message=message,
        remedy=(
            "Keep tasks with a far ETA in a store of your own until they are due, or set "
            "worker_eta_task_limit (Celery 5.6); give rate-limited tasks a queue and workers of their own"
        ),
        subjects=(worst.name, *others),
    )


def is_hoarding(worker: WorkerSight, thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS) -> bool:
    """It holds many times what it could work on, or it is full and works on nothing."""
    return _holds_too_much(worker, thresholds) or _is_full_and_idle(worker, thresholds)


def _holds_too_much(worker: WorkerSight, thresholds: FleetThresholds) -> bool:
    limit = worker.own_prefetch
    if worker.slots is None or limit is None:
        return False
    most = max(thresholds.hoarding_floor, thresholds.hoarding_factor * max(limit, worker.slots))
    return worker.waiting >= most and worker.active_count <= worker.slots / 2


def _is_full_and_idle(worker: WorkerSight, thresholds: FleetThresholds) -> bool:
    idle = worker.active_count == 0 and (worker.idle_for or 0.0) > thresholds.stalled_after
    return idle and worker.takes_more is False
