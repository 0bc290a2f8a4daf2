"""Owned Deployments and StatefulSets as the watch shows them, read into DeploymentStates."""

from datetime import datetime

from celery_health.redaction import redact
from celery_operator.api import names
from celery_operator.api.names import BEAT_CONTAINER, WORKER_CONTAINER
from celery_operator.kinds import Json
from celery_operator.resources.probe_containers import startup_seconds
from celery_operator.snapshot import DeploymentState
from celery_probe.pod import STARTUP_PROBE


def deployment_state(deployment: Json) -> DeploymentState:
    """One Deployment or StatefulSet."""
    metadata, status = deployment["metadata"], deployment.get("status", {})
    labels = metadata.get("labels", {})
    return DeploymentState(
        name=metadata["name"],
        component=labels.get(names.LABEL_COMPONENT, ""),
        group=labels.get(names.LABEL_GROUP),
        generation=metadata["generation"],
        observed_generation=status.get("observedGeneration", 0),
        in_force=deployment["spec"].get("replicas", 1),
        replicas=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        failure=_failure(status),
        startup_seconds=startup_seconds(_startup_probe(deployment)),
        created_at=datetime.fromisoformat(metadata["creationTimestamp"]),
        rollout_stopped=_has_stopped(status),
        # The controller computes unavailableReplicas from the sizes of the ReplicaSets.
        size=status.get("availableReplicas", 0) + status.get("unavailableReplicas", 0),
        # A list need not name the kind of its items.
        kind="StatefulSet" if "serviceName" in deployment["spec"] else "Deployment",
    )


def _startup_probe(deployment: Json) -> Json:
    """The startup probe of the container of Celery, which the user's template may have changed."""
    containers: list[Json] = deployment["spec"].get("template", {}).get("spec", {}).get("containers", [])
    probes = (
        one.get("startupProbe") for one in containers if one["name"] in (WORKER_CONTAINER, BEAT_CONTAINER)
    )
    return next((probe for probe in probes if probe), STARTUP_PROBE)


def _failure(status: Json) -> str | None:
    """Why no pods come: the quota or policy that refuses them, or a rollout that stopped progressing."""
    conditions = _conditions(status)
    refused = conditions.get("ReplicaFailure", {})
    if refused.get("status") == "True":
        return redact(refused.get("message", ""))
    progress = conditions.get("Progressing", {})
    if progress.get("status") == "False":
        return redact(progress.get("message", ""))
    return None


def _has_stopped(status: Json) -> bool:
    return bool(_conditions(status).get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded")


def _conditions(status: Json) -> dict[str, Json]:
    return {condition["type"]: condition for condition in status.get("conditions", [])}
