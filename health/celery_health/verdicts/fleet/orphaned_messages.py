"""Orphaned messages: Redis keeps them for workers that no longer have them.

A worker that was killed leaves its messages in the hash ``unacked``. kombu delivers them again only after the
visibility timeout, by default an hour. RabbitMQ does so at once and has no orphaned messages.
"""

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.text import counted, is_or_are, lasting
from celery_health.verdicts.verdict import Verdict

DEFAULT_VISIBILITY_TIMEOUT = 3600.0
"""Seconds: kombu's own default for Redis."""

CHECK_SECONDS = 100.0
"""kombu checks on every tenth of the calls that its event loop makes every 10 s (``QoS.restore_visible``)."""

# They run without kombu's event loop. Then it restores messages only when a poll brings nothing, and an idle
# worker's always brings the end of a blocking pop. Seen with kombu 5.6 and gevent.
_NEVER_RESTORE = frozenset({"gevent", "eventlet"})


def check(fleet: FleetEvidence) -> Verdict | None:
    """Without all workers, those that leave included, nothing is said."""
    broker, workers = fleet.broker, fleet.workers
    if broker.reachable is not True or broker.unacked is None or not fleet.workers_known:
        return None
    count, oldest = broker.unacked.count, broker.unacked.oldest_age
    orphans = count - sum(worker.in_flight for worker in workers)
    timeout = fleet.visibility_timeout or DEFAULT_VISIBILITY_TIMEOUT
    if orphans <= 0 or oldest is None or oldest < fleet.thresholds.orphan_share * timeout:
        return None
    if fleet.unheld_for is not None and fleet.unheld_for < fleet.thresholds.unheld_after:
        return None
    restored = not workers or any(worker.pool not in _NEVER_RESTORE for worker in workers)
    return Verdict(
        FleetReason.ORPHANED_MESSAGES,
        facts={
            "unacknowledged": counted(count, "message"),
            "verb": is_or_are(count),
            "broker": broker.address,
            "in_flight": str(count - orphans),
            "age": lasting(oldest),
            "timeout": lasting(timeout),
            "interval": lasting(CHECK_SECONDS),
        },
        variant="" if restored else "never_restored",
    )
