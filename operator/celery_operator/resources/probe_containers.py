"""What the operator adds to the pods of workers and of beat: the agent, the probe sidecar, the probes."""

from collections.abc import Mapping
from typing import Any

from celery_health.wire import names as wire
from celery_health.wire.names import Role
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec, RestartPolicy
from celery_operator.resources.overlay import laid_over
from celery_operator.resources.ownership import ResourceIdentity, probe_secret_name
from celery_operator.resources.pod import CONTAINER_SECURITY
from celery_operator.resources.settings import ObjectSettings

# The probe image's own user, named so that a pod that runs as another one leaves our containers alone.
_UID = 1000
_RESOURCES = {"requests": {"cpu": "10m", "memory": "48Mi"}, "limits": {"memory": "96Mi"}}

PROBE_MOUNT: dict[str, Any] = {"name": names.PROBE_VOLUME, "mountPath": wire.DIRECTORY}
PROBE_VOLUME: dict[str, Any] = {
    "name": names.PROBE_VOLUME,
    "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"},
}
_TOKEN_FOLDER = "/celery-probe-token"  # noqa: S105 - the folder's name, not a token
DIRECTORY_VARIABLE: dict[str, Any] = {"name": wire.DIRECTORY_VARIABLE, "value": wire.DIRECTORY}

# What a worker has left of its grace period to hand its messages back and to end.
STOP_MARGIN_SECONDS = 5


def agent_container(spec: CeleryDeploymentSpec, settings: ObjectSettings) -> dict[str, Any]:
    """Copies the agent to the shared volume, before Celery starts."""
    return {
        "name": names.AGENT_CONTAINER,
        "image": settings.probe_image,
        "imagePullPolicy": settings.probe_image_pull_policy,
        "command": ["celery-probe", "install", wire.DIRECTORY],
        "resources": laid_over(_RESOURCES, spec.probe.resources),
        "securityContext": _security(settings),
        "volumeMounts": [PROBE_MOUNT],
    }


def sidecar_container(
    spec: CeleryDeploymentSpec,
    settings: ObjectSettings,
    connections: list[dict[str, Any]],
    role: Role = Role.WORKER,
) -> dict[str, Any]:
    """A native sidecar: it starts before Celery and stops after it."""
    return {
        "name": names.SIDECAR_CONTAINER,
        "image": settings.probe_image,
        "imagePullPolicy": settings.probe_image_pull_policy,
        "restartPolicy": "Always",
        "command": ["celery-probe", "serve"],
        "env": [
            *connections,
            {"name": wire.TOKEN_FILE_VARIABLE, "value": f"{_TOKEN_FOLDER}/{names.TOKEN_KEY}"},
            DIRECTORY_VARIABLE,
            {"name": wire.PORT_VARIABLE, "value": str(wire.PORT)},
            {"name": wire.ROLE_VARIABLE, "value": role.value},
        ],
        "ports": [{"name": "probe", "containerPort": wire.PORT, "protocol": "TCP"}],
        "startupProbe": {**_get(wire.SIDECAR_HEALTH_PATH), "periodSeconds": 1, "failureThreshold": 60},
        # It fails before the liveness probe of Celery's container, which a sidecar that hangs fails as well.
        "livenessProbe": {
            **_get(wire.SIDECAR_HEALTH_PATH),
            "periodSeconds": 2,
            "timeoutSeconds": 2,
            "failureThreshold": 3,
            "terminationGracePeriodSeconds": 1,
        },
        "resources": laid_over(_RESOURCES, spec.probe.resources),
        "securityContext": _security(settings),
        "volumeMounts": [
            PROBE_MOUNT,
            {"name": names.TOKEN_VOLUME, "mountPath": _TOKEN_FOLDER, "readOnly": True},
        ],
    }


def _security(settings: ObjectSettings) -> dict[str, Any]:
    user = {"runAsUser": _UID} if settings.fixed_user_ids else {}
    return {**CONTAINER_SECURITY, "runAsNonRoot": True, **user}


def token_volume(cd: ResourceIdentity) -> dict[str, Any]:
    """The token of the orders. The kubelet changes the file about a minute after the Secret."""
    items = [{"key": names.TOKEN_KEY, "path": names.TOKEN_KEY}]
    return {"name": names.TOKEN_VOLUME, "secret": {"secretName": probe_secret_name(cd), "items": items}}


STARTUP_PROBE: dict[str, Any] = {
    "httpGet": {"path": wire.STARTUP_PATH, "port": wire.PORT},
    "periodSeconds": 1,
    "timeoutSeconds": 2,
    "failureThreshold": 300,
}
"""Of Celery's container. It fails until Celery has loaded the application."""


def startup_seconds(probe: Mapping[str, Any]) -> float:
    """How long a startup probe lets a container start before the kubelet restarts the container."""
    period, failures = probe.get("periodSeconds") or 10, probe.get("failureThreshold") or 3
    return float((probe.get("initialDelaySeconds") or 0) + period * failures)


def probes(policy: RestartPolicy) -> dict[str, Any]:
    """Probes of Celery's container, answered by the sidecar: a failing one restarts that container alone.

    The short grace keeps a wedged process, which finishes nothing, from waiting out its long one.
    With the policy Never there is no liveness probe, and a process is never restarted for a verdict.
    """
    fields: dict[str, Any] = {
        "startupProbe": STARTUP_PROBE,
        "livenessProbe": {
            **_get(wire.LIVENESS_PATH),
            "periodSeconds": 5,
            "timeoutSeconds": 3,
            "failureThreshold": 3,
            "terminationGracePeriodSeconds": 5,
        },
        "readinessProbe": {**_get(wire.READINESS_PATH), "periodSeconds": 2, "timeoutSeconds": 2},
    }
    if policy.policy == "Never":
        del fields["livenessProbe"]
    return fields


def stop_hook(grace_period_seconds: int) -> dict[str, Any]:
    """``lifecycle`` of a worker's container: its tasks end while its loop turns, and only then is it stopped.

    Of the user's Python the hook reads the standard library alone, so that it starts within milliseconds.
    """
    seconds = grace_period_seconds - min(STOP_MARGIN_SECONDS, (grace_period_seconds + 1) // 2)
    command = ["python", "-ES", f"{wire.DIRECTORY}/stop.py", str(seconds), str(wire.PORT)]
    return {"lifecycle": {"preStop": {"exec": {"command": command}}}}


def _get(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": wire.PORT}}
