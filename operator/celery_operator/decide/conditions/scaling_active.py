"""ScalingActive: every group with autoscaling follows its load."""

from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.states import StateReason
from celery_health.verdicts.text import listed
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.names import ANNOTATION_PAUSE_SCALE_IN, ANNOTATION_PAUSE_SCALE_OUT
from celery_operator.decide.condition_state import ConditionState, by_verdict, no, unknown, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.scaling.decision import ScalingDecision, ScalingReason
from celery_operator.decide.text import joined

_LENGTHS_UNKNOWN = frozenset({ScalingReason.QUEUE_LENGTHS_UNKNOWN, ScalingReason.FALLBACK})


def state_of(evidence: Evidence) -> ConditionState:
    """What keeps groups from their size comes before what they do. The sizes stand in status.workers."""
    spec = evidence.snapshot.spec
    if not any(group.autoscaling for group in spec.workers):
        return yes(StateReason.NOT_CONFIGURED, "No group has autoscaling")
    if spec.suspend:
        return yes(StateReason.SUSPENDED, "All groups are at zero while the resource is suspended")
    decisions = {name: one.decision for name, one in evidence.desired.items() if one.decision}
    if not decisions:
        return unknown(BrokerReason.NOT_READ, "The load has not been read yet.")
    return _without_lengths(decisions) or _paused(evidence) or _following(decisions)


def _without_lengths(decisions: dict[str, ScalingDecision]) -> ConditionState | None:
    kept = [
        f"Group {name}: {one.message}" for name, one in decisions.items() if one.reason in _LENGTHS_UNKNOWN
    ]
    return no(StateReason.BROKER_UNREADABLE, joined(kept)) if kept else None


def _paused(evidence: Evidence) -> ConditionState | None:
    pauses = evidence.snapshot.annotations.scaling_pauses
    kept = [
        f"{annotation} keeps pods from being {what}"
        for annotation, what, paused in (
            (ANNOTATION_PAUSE_SCALE_IN, "removed", pauses.scale_in),
            (ANNOTATION_PAUSE_SCALE_OUT, "added", pauses.scale_out),
        )
        if paused
    ]
    return no(StateReason.SCALING_PAUSED, f"Annotation {' and '.join(kept)}") if kept else None


def _following(decisions: dict[str, ScalingDecision]) -> ConditionState:
    full = [name for name, one in decisions.items() if one.reason is ScalingReason.AT_MAXIMUM]
    if full:
        return by_verdict(Verdict(StateReason.AT_MAX_REPLICAS, tuple(full), {"groups": listed(full)}))
    return by_verdict(Verdict(StateReason.FOLLOWS_LOAD))
