"""BeatHealthy: one beat runs where one is wanted."""

from celery_operator.decide.evidence import Evidence
from celery_operator.decide.reasons import Reason
from celery_operator.decide.verdict import Verdict, no, unknown, yes
from celery_operator.snapshot import DeploymentState


def judge(evidence: Evidence) -> Verdict:
    """Judged on the Deployment alone."""
    spec, beat = evidence.snapshot.spec, evidence.beat
    if not spec.beat.enabled:
        return yes(Reason.DISABLED, "Beat is not wanted")
    if spec.suspend and (beat is None or beat.wanted == 0):
        return yes(Reason.SUSPENDED, "Beat rests while the deployment is suspended")
    if beat is not None:
        return _of_deployment(beat)
    if evidence.new_generation:
        return unknown(Reason.NEW_GENERATION, "Beat is being created")
    return no(Reason.NOT_RUNNING, "The Deployment of beat is not there")


def _of_deployment(beat: DeploymentState) -> Verdict:
    if beat.replicas > 1:
        return no(Reason.DOUBLED, f"{beat.replicas} beats run: periodic tasks are sent more than once")
    if beat.ready < 1:
        return no(Reason.NOT_RUNNING, f"Beat does not run: {beat.failure or 'no periodic task is sent'}")
    return yes(Reason.RUNNING, "Beat runs")
