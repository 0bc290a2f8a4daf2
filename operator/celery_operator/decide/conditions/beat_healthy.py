"""BeatHealthy: one beat runs where one is wanted, and it ticks."""

from celery_health.beat import BeatReason, BeatSight
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.reasons import Reason
from celery_operator.decide.verdict import Verdict, no, unknown, yes
from celery_operator.snapshot import DeploymentState

_RESTARTS = "the kubelet restarts it"
_WAITS = "it is not restarted and goes on when that answers"
_NOT_TICKING = {
    BeatReason.TICK_OVERDUE: _RESTARTS,
    BeatReason.STUCK: _RESTARTS,
    BeatReason.CONNECTING: _WAITS,
    BeatReason.WAITING_FOR_RESULTS: _WAITS,
}
# The sidecar answers, and cannot tell.
_UNKNOWN = {BeatReason.UNTOLD: Reason.UNTOLD, BeatReason.AGENT_ABSENT: Reason.AGENT_ABSENT}


def judge(evidence: Evidence) -> Verdict:
    """Judged on the Deployment, and on what the sidecar of beat's pod says."""
    spec, beat = evidence.snapshot.spec, evidence.beat
    if not spec.beat.enabled:
        return yes(Reason.DISABLED, "Beat is not wanted")
    if spec.suspend and (beat is None or beat.wanted == 0):
        return yes(Reason.SUSPENDED, "Beat rests while the deployment is suspended")
    if beat is not None:
        return _of_deployment(beat, [one for one in evidence.snapshot.beats if not one.deleting])
    if evidence.new_generation:
        return unknown(Reason.NEW_GENERATION, "Beat is being created")
    return no(Reason.NOT_RUNNING, "The Deployment of beat is not there")


def _of_deployment(beat: DeploymentState, present: list[BeatSight]) -> Verdict:
    """``present`` are the pods of beat that are not leaving."""
    number = len(present) or beat.replicas
    if number > 1:
        return no(
            Reason.DOUBLED,
            f"{number} beats run, so periodic tasks are sent more than once: the operator scales "
            f"Deployment {beat.name} back to 1; delete a beat that somebody runs beside it",
        )
    if present:
        return _of_pod(present[0])
    if beat.ready < 1:
        return no(Reason.NOT_RUNNING, f"Beat does not run: {beat.failure or 'no periodic task is sent'}")
    return yes(Reason.RUNNING, "Beat runs")


def _of_pod(one: BeatSight) -> Verdict:
    if one.reason is BeatReason.TICKING:
        return yes(Reason.RUNNING, "Beat runs and ticks")
    if one.reason in _NOT_TICKING:
        return no(Reason.TICK_OVERDUE, f"{one.message.rstrip('.')}: {_NOT_TICKING[one.reason]}")
    if one.reason in _UNKNOWN and not one.trouble:
        return unknown(_UNKNOWN[one.reason], one.message)
    if one.reason is None and one.ready and not one.trouble:
        message = f"Pod {one.pod} of beat is ready, but its sidecar does not answer the operator"
        return unknown(Reason.SIDECAR_SILENT, message)
    return no(Reason.NOT_RUNNING, f"Beat does not run: {one.trouble or one.message or 'its pod is starting'}")
