"""BeatHealthy: one beat runs where one is wanted, and it ticks."""

from celery_health.catalogue.beat import BeatReason, BeatStateReason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.beat import BeatSight
from celery_operator.decide.advice.manual_steps import by_hand
from celery_operator.decide.condition_state import Verdict, no, unknown, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.snapshot import DeploymentState

_RESTARTED = frozenset({BeatReason.TICK_OVERDUE, BeatReason.STUCK})
_WAITS = frozenset({BeatReason.CONNECTING, BeatReason.WAITING_FOR_RESULTS})
# The sidecar answers, and cannot tell.
_UNKNOWN = {
    BeatReason.TICKS_UNKNOWN: BeatReason.TICKS_UNKNOWN,
    BeatReason.AGENT_ABSENT: WorkerReason.AGENT_ABSENT,
}


def judge(evidence: Evidence) -> Verdict:
    """Judged on the Deployment, and on what the sidecar of beat's pod says."""
    spec, beat = evidence.snapshot.spec, evidence.beat
    if not spec.beat.enabled:
        return yes(BeatStateReason.DISABLED, "Beat is not wanted")
    if spec.suspend and (beat is None or beat.wanted == 0):
        return yes(StateReason.SUSPENDED, "Beat rests while the deployment is suspended")
    if beat is not None:
        return _of_deployment(beat, evidence)
    if evidence.new_generation:
        return unknown(StateReason.NEW_GENERATION, "Beat is being created")
    return no(BeatStateReason.NOT_RUNNING, "The Deployment of beat is not there")


def _of_deployment(beat: DeploymentState, evidence: Evidence) -> Verdict:
    present = [one for one in evidence.snapshot.beats if not one.deleting]
    number = len(present) or beat.replicas
    if number > 1:
        return no(
            BeatStateReason.MULTIPLE_INSTANCES,
            f"{number} beats run, so periodic tasks are sent more than once: the operator scales "
            f"Deployment {beat.name} back to 1; delete a beat that somebody runs beside it",
        )
    if present:
        return _of_pod(present[0], evidence)
    if beat.ready < 1:
        return no(
            BeatStateReason.NOT_RUNNING, f"Beat does not run: {beat.failure or 'no periodic task is sent'}"
        )
    return yes(BeatStateReason.RUNNING, "Beat runs")


def _of_pod(one: BeatSight, evidence: Evidence) -> Verdict:
    if one.reason is BeatReason.TICKING:
        return yes(BeatStateReason.RUNNING, "Beat runs and ticks")
    if one.reason in _RESTARTED | _WAITS:
        return no(BeatReason.TICK_OVERDUE, f"{one.message.rstrip('.')}: {_what_comes(one, evidence)}")
    if one.reason in _UNKNOWN and not one.trouble:
        return unknown(_UNKNOWN[one.reason], one.message)
    if one.reason is None and one.ready and not one.trouble:
        message = (
            f"Pod {one.pod} of beat is ready, but the operator gets no answer from its sidecar{_cause(one)}"
        )
        return unknown(PodReason.SIDECAR_UNREACHABLE, message)
    return no(
        BeatStateReason.NOT_RUNNING,
        f"Beat does not run: {one.trouble or one.message or 'its pod is starting'}",
    )


def _what_comes(one: BeatSight, evidence: Evidence) -> str:
    if one.reason in _WAITS:
        return "it is not restarted and goes on when that answers"
    instead = by_hand(evidence.snapshot, one.pod)
    return f"it is not restarted, since {instead.why}" if instead else "the kubelet restarts it"


def _cause(one: BeatSight) -> str:
    return f": {one.sidecar_error.rstrip('.')}" if one.sidecar_error else ""
