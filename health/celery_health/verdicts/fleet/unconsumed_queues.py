"""A queue that is not consumed: messages wait in it, or a person asks for it, and no worker consumes it."""

from celery_health.broker import QueueReading
from celery_health.catalogue.entry import Severity
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
    consumed = fleet.consumed_queues.union(fleet.proven_queues)
    found = [
        queue
        for queue in (*broker.queues, *broker.other_queues)
        if queue.name not in consumed and (_waits(queue, fleet) or _is_missed(queue, fleet))
    ]
    if not found:
        return None
    found.sort(key=lambda queue: (-(queue.ready or 0), queue.name))
    names = tuple(dict.fromkeys(queue.name for queue in found))
    facts = {
        "lengths": listed([f"{queue.name} ({counted(queue.ready or 0, 'message')})" for queue in found]),
        "queues": listed(names),
    }
    asked = {name for name in fleet.asked_queues if not is_dead_letter_queue(name)}
    if not fleet.workers or asked.isdisjoint(names):
        return Verdict(FleetReason.QUEUE_NOT_CONSUMED, names, facts)
    return Verdict(
        FleetReason.QUEUE_NOT_CONSUMED,
        names,
        {**facts, "consumed": listed(sorted(consumed)) if consumed else "no queue"},
        variant="asked",
        # Of what was asked for, nothing is run.
        severity_here=Severity.UNHEALTHY if asked.issubset(names) else None,
    )


def _is_missed(queue: QueueReading, fleet: FleetEvidence) -> bool:
    """Whether a person asks for this empty queue.

    Where no worker runs, or one does not name its queues, another verdict says so.
    """
    is_asked = queue.name in fleet.asked_queues and not is_dead_letter_queue(queue.name)
    named = fleet.workers and all(one.queues or one.consuming is not None for one in fleet.workers)
    return bool(is_asked and named) and queue.ready == 0 and not queue.consumers


def _waits(queue: QueueReading, fleet: FleetEvidence) -> bool:
    if not queue.ready or queue.consumers or is_dead_letter_queue(queue.name):
        return False
    watched = fleet.not_shrinking_for
    return watched is None or watched.get(queue.name, 0.0) > fleet.thresholds.stalled_after
