"""A queue that is not consumed: messages wait in it, and no worker takes them."""

from celery_health.broker import QueueReading
from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.text import counted, listed
from celery_health.verdicts.verdict import Verdict
from celery_health.wire.names import is_dead_letter_queue


def check(fleet: FleetEvidence) -> Verdict | None:
    """Only where it is known which queues are, or should be, consumed.

    A queue that gets shorter has a consumer that the evidence does not show.
    """
    broker = fleet.broker
    if broker.reachable is not True or not (fleet.workers_known or fleet.assigned_queues):
        return None
    consumed = fleet.consumed_queues
    found = [
        queue
        for queue in (*broker.queues, *broker.other_queues)
        if queue.name not in consumed and _waits(queue, fleet)
    ]
    if not found:
        return None
    found.sort(key=lambda queue: (-(queue.ready or 0), queue.name))
    names = tuple(dict.fromkeys(queue.name for queue in found))
    return Verdict(
        FleetReason.QUEUE_NOT_CONSUMED,
        names,
        {
            "lengths": listed([f"{queue.name} ({counted(queue.ready or 0, 'message')})" for queue in found]),
            "queues": listed(names),
        },
    )


def _waits(queue: QueueReading, fleet: FleetEvidence) -> bool:
    if not queue.ready or queue.consumers or is_dead_letter_queue(queue.name):
        return False
    watched = fleet.not_shrinking_for
    return watched is None or watched.get(queue.name, 0.0) > fleet.thresholds.stalled_after
