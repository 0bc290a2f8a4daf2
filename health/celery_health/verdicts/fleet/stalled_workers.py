"""Stalled: messages wait, and a worker that could take one takes none.

Its connection may be half-open (the broker hands messages to a socket that nobody reads), or its loop lost
the consumer without noticing. The worker itself sees nothing wrong: only the queue, over time, tells.
"""

from collections.abc import Iterable, Mapping

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.findings import Finding
from celery_health.verdicts.text import counted, lasting, listed
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSight


def find(
    workers: Iterable[WorkerSight],
    waiting_for: Mapping[str, float],
    thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS,
) -> Finding | None:
    """``waiting_for``: for how many seconds each queue has held messages without interruption.

    The finding may lead to a restart, so whatever nobody tells speaks for the worker.
    """
    stalled = [worker for worker in workers if is_stalled(worker, waiting_for, thresholds)]
    if not stalled:
        return None
    first = stalled[0]
    waiting = _waiting_queues(first, waiting_for, thresholds)
    message = (
        f"Worker {first.name} has {counted(_free_slots(first) or 0, 'free slot')} and has begun or ended "
        f"no task for {lasting(first.idle_for or 0.0)}, while messages wait in {listed(waiting)}"
    )
    if len(stalled) > 1:
        message += f" (likewise {listed([worker.name for worker in stalled[1:]])})"
    return Finding(
        reason=FleetReason.WORKER_STALLED,
        message=message,
        remedy="Restart the stalled worker: it takes no messages by itself again",
        subjects=tuple(worker.name for worker in stalled),
    )


def is_stalled(
    worker: WorkerSight,
    waiting_for: Mapping[str, float],
    thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS,
) -> bool:
    """It consumes by its own word, has room and a free slot, and has for too long left messages waiting."""
    return (
        worker.consuming is True
        and worker.idle_for is not None
        and worker.idle_for > thresholds.stalled_after
        and (_free_slots(worker) or 0) > 0
        and worker.takes_more is True
        and bool(_waiting_queues(worker, waiting_for, thresholds))
    )


def _free_slots(worker: WorkerSight) -> int | None:
    return None if worker.slots is None else worker.slots - worker.active_count


def _waiting_queues(
    worker: WorkerSight, waiting_for: Mapping[str, float], thresholds: FleetThresholds
) -> list[str]:
    return [queue for queue in worker.queues if waiting_for.get(queue, 0.0) > thresholds.stalled_after]
