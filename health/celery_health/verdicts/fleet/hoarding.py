"""Hoarding: a worker has fetched far more messages than it works on, and no other worker can have them."""

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.text import counted
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker_snapshot import WorkerSnapshot


def check(fleet: FleetEvidence) -> Verdict | None:
    """The message is about the worker with the most waiting tasks."""
    hoarders = [worker for worker in fleet.workers if is_hoarding(worker, fleet.thresholds)]
    if not hoarders:
        return None
    worst = max(hoarders, key=lambda worker: worker.waiting)
    return Verdict(
        FleetReason.HOARDING,
        (worst.name, *(worker.name for worker in hoarders if worker is not worst)),
        {
            "waiting": counted(worst.waiting, "message"),
            "eta": str(worst.eta),
            "reserved": str(worst.reserved),
            "active": counted(worst.active_count, "task"),
        },
    )


def is_hoarding(worker: WorkerSnapshot, thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS) -> bool:
    """It has fetched many times what it can work on, or it is full and works on nothing."""
    return _has_too_much(worker, thresholds) or _is_full_and_idle(worker, thresholds)


def _has_too_much(worker: WorkerSnapshot, thresholds: FleetThresholds) -> bool:
    limit = worker.own_prefetch
    if worker.slots is None or limit is None:
        return False
    most = max(thresholds.hoarding_floor, thresholds.hoarding_factor * max(limit, worker.slots))
    return worker.waiting >= most and worker.active_count <= worker.slots / 2


def _is_full_and_idle(worker: WorkerSnapshot, thresholds: FleetThresholds) -> bool:
    idle = worker.active_count == 0 and (worker.idle_for or 0.0) > thresholds.stalled_after
    return idle and worker.waiting > 0 and worker.takes_more is False
