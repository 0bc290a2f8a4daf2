"""BacklogWithinLimits: no queue exceeds the threshold, and every queue with messages is consumed."""

from collections.abc import Sequence

from celery_health.catalogue.entry import Reason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.states import StateReason
from celery_health.verdicts.text import is_or_are, listed
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.status import QueueStatus
from celery_operator.decide.condition_state import ConditionState, by_verdict, no, unknown
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.text import joined


def state_of(evidence: Evidence) -> ConditionState:
    """A known queue above the threshold outweighs what is not known of others."""
    threshold = evidence.snapshot.spec.health.backlog_threshold
    long = [queue for queue in evidence.queues if queue.ready is not None and queue.ready > threshold]
    if long:
        return by_verdict(_of_queues(FleetReason.ABOVE_THRESHOLD, long, threshold))
    if idle := evidence.queues_without_replicas:
        return by_verdict(_of_queues(StateReason.NO_WORKERS_DESIRED, idle, threshold))
    if found := evidence.queue_verdicts:
        return no(found[0].reason, joined(verdict.message for verdict in found))
    unread = [queue.name for queue in evidence.queues if queue.ready is None]
    if unread:
        return unknown(evidence.broker.reason, f"The length of {listed(unread)} is not known.")
    return by_verdict(Verdict(StateReason.WITHIN_LIMITS, facts={"threshold": str(threshold)}))


def _of_queues(reason: Reason, queues: Sequence[QueueStatus], threshold: int) -> Verdict:
    return Verdict(
        reason,
        tuple(queue.name for queue in queues),
        {
            "lengths": listed([f"{queue.name} ({queue.ready} ready)" for queue in queues]),
            "verb": is_or_are(len(queues)),
            "threshold": str(threshold),
        },
    )
