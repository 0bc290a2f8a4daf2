"""ScalingActive: every group with autoscaling follows its load."""

from celery_operator.api.annotations import scaling_pauses
from celery_operator.api.names import ANNOTATION_PAUSE_SCALE_IN, ANNOTATION_PAUSE_SCALE_OUT
from celery_operator.decide.conditions.condition_state import Verdict, no, unknown, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.reasons import Reason
from celery_operator.decide.scaling.autoscale import ScalingCall, ScalingReason
from celery_operator.decide.text import joined, listed

_BLIND = frozenset({ScalingReason.BROKER_UNREADABLE, ScalingReason.FALLBACK})


def judge(evidence: Evidence) -> Verdict:
    """What keeps groups from their size comes before what they do. The sizes stand in status.workers."""
    spec = evidence.snapshot.spec
    if not any(group.autoscaling for group in spec.workers):
        return yes(Reason.NOT_CONFIGURED, "No group has autoscaling")
    if spec.suspend:
        return yes(Reason.SUSPENDED, "All groups are at zero while the deployment is suspended")
    calls = {name: target.call for name, target in evidence.targets.items() if target.call}
    if not calls:
        return unknown(Reason.NOT_READ, "The load has not been looked at yet")
    return _blind(calls) or _paused(evidence) or _following(calls)


def _blind(calls: dict[str, ScalingCall]) -> Verdict | None:
    told = [f"Group {name}: {call.message}" for name, call in calls.items() if call.reason in _BLIND]
    return no(Reason.BROKER_UNREADABLE, joined(told)) if told else None


def _paused(evidence: Evidence) -> Verdict | None:
    pauses = scaling_pauses(evidence.snapshot.annotations)
    kept = [
        f"{annotation} keeps pods from being {what}"
        for annotation, what, wanted in (
            (ANNOTATION_PAUSE_SCALE_IN, "taken away", pauses.scale_in),
            (ANNOTATION_PAUSE_SCALE_OUT, "added", pauses.scale_out),
        )
        if wanted
    ]
    return no(Reason.SCALING_PAUSED, f"Annotation {' and '.join(kept)}") if kept else None


def _following(calls: dict[str, ScalingCall]) -> Verdict:
    full = [name for name, call in calls.items() if call.reason is ScalingReason.AT_MAXIMUM]
    if full:
        return yes(Reason.AT_MAX_REPLICAS, f"The load needs more than maxReplicas in {listed(full)}")
    return yes(Reason.FOLLOWS_LOAD, "Every group with autoscaling follows its load")
