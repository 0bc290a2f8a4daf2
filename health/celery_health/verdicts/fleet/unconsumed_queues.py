"""A queue that nobody reads: messages wait in it, and no worker takes from it."""

from collections.abc import Collection, Mapping

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.findings import Finding
from celery_health.verdicts.text import counted, listed
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds


def find(
    broker: BrokerReading,
    read: Collection[str] | None,
    untouched_for: Mapping[str, float] | None = None,
    thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS,
) -> Finding | None:
    """``read``: the queues that some worker reads or is meant to read, None where nobody knows.

    ``untouched_for``: for how many seconds each queue has held messages and never got shorter; a queue that
    does get shorter has a reader that we do not know. None, for a single look, judges without it.
    """
    if broker.reachable is not True or read is None:
        return None
    unread = [
        queue
        for queue in (*broker.queues, *broker.other_queues)
        if queue.name not in read and _waits(queue, untouched_for, thresholds)
    ]
    if not unread:
        return None
    unread.sort(key=lambda queue: (-(queue.ready or 0), queue.name))
    names = tuple(dict.fromkeys(queue.name for queue in unread))
    told = listed([f"{queue.name} ({counted(queue.ready or 0, 'message')})" for queue in unread])
    return Finding(
        reason=FleetReason.QUEUE_NOT_CONSUMED,
        message=f"Messages wait where no worker reads: {told}",
        remedy=(
            f"Let a worker read {listed(names)}, or correct the queue that the tasks are sent to "
            "(task_routes, task_default_queue)"
        ),
        subjects=names,
    )


def _waits(
    queue: QueueReading, untouched_for: Mapping[str, float] | None, thresholds: FleetThresholds
) -> bool:
    if not queue.ready or queue.consumers:
        return False
    return untouched_for is None or untouched_for.get(queue.name, 0.0) > thresholds.stalled_after
