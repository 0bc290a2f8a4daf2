"""BacklogWithinLimits: no queue is longer than the threshold, and none with messages is left alone."""

from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.states import StateReason
from celery_operator.decide.condition_state import Verdict, no, unknown, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.text import counted, joined, listed


def judge(evidence: Evidence) -> Verdict:
    """A known queue above the threshold outweighs what is not known of others."""
    threshold = evidence.snapshot.spec.health.backlog_threshold
    long = [queue for queue in evidence.queues if queue.ready is not None and queue.ready > threshold]
    if long:
        lengths = listed([f"{queue.name} ({queue.ready} ready)" for queue in long])
        return no(
            FleetReason.ABOVE_THRESHOLD, f"Above the threshold of {threshold} messages a queue: {lengths}"
        )
    if unserved := evidence.unserved:
        lengths = listed([f"{queue.name} ({queue.ready} ready)" for queue in unserved])
        return no(
            StateReason.QUEUE_AT_ZERO, f"Messages wait although no workers are wanted for them: {lengths}"
        )
    if found := evidence.queue_findings:
        return no(found[0].reason, joined(finding.message for finding in found))
    untold = [queue.name for queue in evidence.queues if queue.ready is None]
    if untold:
        return unknown(evidence.broker.reason, f"The length of {listed(untold)} is not known")
    queues = counted(len(evidence.queues), "queue")
    return yes(StateReason.WITHIN_LIMITS, f"None of {queues} holds more than {threshold} messages")
