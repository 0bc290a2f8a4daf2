"""Stalled: messages wait, and a worker that could take one takes none.

Its connection may be half-open (the broker writes messages to a socket that is no longer read), or its loop
lost the consumer without noticing. The worker itself reports nothing wrong: only the queue shows it, in time.
"""

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.text import counted, lasting, listed
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker_snapshot import WorkerSnapshot


def check(fleet: FleetEvidence) -> Verdict | None:
    """The verdict may lead to a restart, so missing evidence speaks for the worker."""
    stalled = [worker for worker in fleet.workers if is_stalled(worker, fleet)]
    if not stalled:
        return None
    first = stalled[0]
    return Verdict(
        FleetReason.WORKER_STALLED,
        tuple(worker.name for worker in stalled),
        {
            "free_slots": counted(_free_slots(first) or 0, "free slot"),
            "idle": lasting(first.idle_for or 0.0),
            "queues": listed(_waiting_queues(first, fleet)),
        },
    )


def is_stalled(worker: WorkerSnapshot, fleet: FleetEvidence) -> bool:
    """It reports that it consumes, has room and a free slot, and has left messages waiting for too long."""
    return (
        worker.consuming is True
        and worker.idle_for is not None
        and worker.idle_for > fleet.thresholds.stalled_after
        and (_free_slots(worker) or 0) > 0
        and _has_room(worker)
        and bool(_waiting_queues(worker, fleet))
    )


def _has_room(worker: WorkerSnapshot) -> bool:
    """Whether it could take a message.

    Its transport may say no although nothing is in flight: an acknowledgement that failed in an outage of
    Redis takes up a part of the prefetch limit for good.
    """
    return worker.takes_more is True or (worker.has_room is False and worker.in_flight == 0)


def _free_slots(worker: WorkerSnapshot) -> int | None:
    return None if worker.slots is None else worker.slots - worker.active_count


def _waiting_queues(worker: WorkerSnapshot, fleet: FleetEvidence) -> list[str]:
    waiting, limit = fleet.known_waiting, fleet.thresholds.stalled_after
    return [queue for queue in worker.queues if waiting.get(queue, 0.0) > limit]
