"""BeatHealthy: one beat runs and ticks, or beat is not enabled."""

from celery_health.catalogue.beat import BeatReason, BeatStateReason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_health.verdicts.beat import BeatSnapshot
from celery_health.verdicts.text import counted
from celery_health.verdicts.verdict import Verdict
from celery_operator.decide.advice.manual_steps import manual_step
from celery_operator.decide.condition_state import ConditionState, by_verdict, unknown, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.shared_verdicts import sidecar_facts
from celery_operator.snapshot import DeploymentState

_ENDS_WITHIN = 30.0
"""Seconds within which a kubelet that is alive confirms the end of a pod, after its grace period."""
_RESTARTED = frozenset({BeatReason.TICK_OVERDUE, BeatReason.STUCK})
_WAITS = frozenset({BeatReason.CONNECTING, BeatReason.WAITING_FOR_RESULTS})
_UNKNOWN = frozenset({BeatReason.TICKS_UNKNOWN, BeatReason.AGENT_ABSENT, BeatReason.REPORT_UNREADABLE})
"""The sidecar answers, and does not know whether beat ticks."""


def state_of(evidence: Evidence) -> ConditionState:
    """Decided from the StatefulSet, and from what the sidecar of beat's pod says."""
    spec, beat = evidence.snapshot.spec, evidence.beat
    if not spec.beat.enabled:
        return by_verdict(Verdict(BeatStateReason.DISABLED))
    if spec.suspend and (beat is None or beat.in_force == 0):
        return yes(StateReason.SUSPENDED, "Beat does not run while the resource is suspended.")
    if beat is not None:
        return _of_stateful_set(beat, evidence)
    if evidence.new_generation:
        return unknown(StateReason.NEW_GENERATION, "Beat is being created.")
    return by_verdict(Verdict(BeatStateReason.NOT_RUNNING, variant="not_created"))


def _of_stateful_set(beat: DeploymentState, evidence: Evidence) -> ConditionState:
    present = [one for one in evidence.snapshot.beats if not one.deleting]
    number = len(present) or beat.replicas
    if number > 1:
        facts = {"number": counted(number, "instance")}
        return by_verdict(Verdict(BeatStateReason.MULTIPLE_INSTANCES, (beat.name,), facts))
    if present:
        return _of_pod(present[0], evidence)
    lost = next((one for one in evidence.snapshot.beats if one.overdue_for > _ENDS_WITHIN), None)
    if lost is not None:
        return by_verdict(Verdict(BeatStateReason.NODE_LOST, (lost.pod,)))
    if beat.ready < 1:
        return _not_running(beat.failure or "its StatefulSet has no ready pod")
    return by_verdict(Verdict(BeatStateReason.RUNNING))


def _of_pod(one: BeatSnapshot, evidence: Evidence) -> ConditionState:
    if one.reason is BeatReason.TICKING:
        return by_verdict(Verdict(BeatStateReason.RUNNING, variant="ticking"))
    if one.reason in _RESTARTED | _WAITS:
        facts = {"evidence": one.message, "what_follows": _what_follows(one, evidence)}
        return by_verdict(Verdict(BeatReason.TICK_OVERDUE, (one.pod,), facts))
    if one.reason in _UNKNOWN and not one.container_failure:
        return unknown(one.reason, one.message)
    if one.reason is None and one.ready and not one.container_failure:
        return by_verdict(
            Verdict(PodReason.SIDECAR_UNREACHABLE, (one.pod,), sidecar_facts(one.sidecar_error))
        )
    return _not_running(one.container_failure or one.message or "its pod is starting")


def _not_running(evidence: str) -> ConditionState:
    return by_verdict(Verdict(BeatStateReason.NOT_RUNNING, facts={"evidence": evidence}))


def _what_follows(one: BeatSnapshot, evidence: Evidence) -> str:
    if one.reason in _WAITS:
        return "Beat is not restarted: it continues when that answers."
    manual = manual_step(evidence.snapshot, one.pod)
    return f"Beat is not restarted, because {manual.why}." if manual else "The kubelet restarts beat."
