"""Orphaned messages: Redis still keeps them for workers that no longer hold them.

A worker that was killed leaves its messages in the hash ``unacked``; kombu hands them out again only after
the visibility timeout, by default an hour. RabbitMQ does it at once and has no orphans.
"""

from collections.abc import Sequence

from celery_health.broker import BrokerReading
from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.findings import Finding
from celery_health.verdicts.text import counted, lasting
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSight

DEFAULT_VISIBILITY_TIMEOUT = 3600.0
"""Seconds: kombu's own default for Redis."""

LOOK_SECONDS = 100.0
"""kombu looks on every tenth of the calls that its event loop makes every 10 s (``QoS.restore_visible``)."""

# They run without kombu's event loop. Then it restores messages only when a poll brings nothing, and an idle
# worker's always brings the end of a blocking pop. Seen with kombu 5.6 and gevent.
_NEVER_RESTORE = frozenset({"gevent", "eventlet"})


def find(
    broker: BrokerReading,
    workers: Sequence[WorkerSight] | None,
    visibility_timeout: float | None = None,
    thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS,
) -> Finding | None:
    """``workers``: every worker of the broker, those that leave included; None where one is not known.

    ``visibility_timeout``: seconds, the least of all workers; None for kombu's default.
    """
    if broker.reachable is not True or broker.unacked is None or workers is None:
        return None
    count, oldest = broker.unacked.count, broker.unacked.oldest_age
    orphans = count - sum(worker.held for worker in workers)
    timeout = visibility_timeout or DEFAULT_VISIBILITY_TIMEOUT
    if orphans <= 0 or oldest is None or oldest < thresholds.orphan_share * timeout:
        return None
    return Finding(
        reason=FleetReason.ORPHANED_MESSAGES,
        message=(
            f"{counted(count, 'message')} of {broker.address} are handed out, and the workers hold "
            f"{count - orphans} of them; the oldest was handed out {lasting(oldest)} ago"
        ),
        remedy=_remedy(workers, timeout),
        subjects=(),
    )


def _remedy(workers: Sequence[WorkerSight], timeout: float) -> str:
    if workers and all(worker.pool in _NEVER_RESTORE for worker in workers):
        return (
            "Let one worker of another pool read from this broker, such as a group with pool: threads: idle "
            "gevent and eventlet workers never look for messages that lost their worker"
        )
    return (
        "Wait: messages that lost their worker are handed out again after the visibility timeout of "
        f"{lasting(timeout)}, and workers look for them every {lasting(LOOK_SECONDS)}; "
        "for a shorter wait lower broker_transport_options['visibility_timeout'], "
        "but not below the longest task or ETA"
    )
