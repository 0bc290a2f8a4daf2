"""What is wrong with the workers of each group, as conditions and recommendations read it."""

from collections.abc import Mapping

from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.text import counted
from celery_health.verdicts.verdict import Verdict
from celery_health.wire.names import DIRECTORY, PORT
from celery_operator.api.names import LABEL_COMPONENT, LABEL_GROUP, LABEL_INSTANCE
from celery_operator.snapshot import DeploymentState

GroupVerdicts = Mapping[str, tuple[Verdict, ...]]
"""By group, the worst first."""


def sidecar_facts(error: str) -> dict[str, str]:
    """What is known of a sidecar that did not answer; ``error`` is empty where nothing is."""
    return {"port": str(PORT), "cause": f": {error.rstrip('.')}" if error else ""}


def report_unreadable(pods: tuple[str, ...], cause: str) -> Verdict:
    """The sidecars of these pods cannot read the reports; ``cause`` is the sentence of the first sidecar."""
    return Verdict(WorkerReason.REPORT_UNREADABLE, pods, {"evidence": cause, "directory": DIRECTORY})


def rollout_stopped(deployment: DeploymentState, resource: str) -> Verdict:
    """New pods do not become ready. Earlier ones stay: no pod goes before another is ready."""
    earlier = max(0, deployment.replicas - deployment.updated)
    facts = {
        "kept": f" {counted(earlier, 'earlier pod')} {'goes' if earlier == 1 else 'go'} on."
        if earlier
        else "",
        "selector": ",".join(
            f"{label}={value}"
            for label, value in (
                (LABEL_INSTANCE, resource),
                (LABEL_COMPONENT, deployment.component),
                (LABEL_GROUP, deployment.group),
            )
            if value
        ),
    }
    return Verdict(PodReason.ROLLOUT_STOPPED, (deployment.name,), facts)
