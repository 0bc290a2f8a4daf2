"""What a pod gets so that its Celery process is observed: the agent, the sidecar, the probes, the stop hook.

The operator builds pods with these parts, and ``kubectl celery inject`` adds them to the pods of others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from celery_health.wire import names as wire
from celery_health.wire.names import Role

AGENT_CONTAINER = "agent"
SIDECAR_CONTAINER = "probe"
SITE_FOLDER = "site"
"""The folder in the volume that starts the agent in a worker of another program, by PYTHONPATH."""
SITE = f"{wire.DIRECTORY}/{SITE_FOLDER}"
"""Its path in Celery's container."""
STOP_SCRIPT = f"{wire.DIRECTORY}/stop.py"

_VOLUME = "celery-probe"

CONTAINER_SECURITY: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
RESOURCES: dict[str, Any] = {
    "requests": {"cpu": "10m", "memory": "48Mi"},
    "limits": {"memory": "96Mi"},
}

PROBE_MOUNT: dict[str, Any] = {"name": _VOLUME, "mountPath": wire.DIRECTORY}
PROBE_VOLUME: dict[str, Any] = {
    "name": _VOLUME,
    "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"},
}
MANAGED_VARIABLE: dict[str, Any] = {"name": wire.MANAGED_VARIABLE, "value": "celery-operator"}
"""Of a worker in the operator's own pods. An injected worker does not have it."""
DIRECTORY_VARIABLE: dict[str, Any] = {"name": wire.DIRECTORY_VARIABLE, "value": wire.DIRECTORY}

# The probe image's own user, named so that a pod that runs as another one leaves our containers alone.
_UID = 1000

# What a worker has left of its grace period to hand its messages back and to end.
STOP_MARGIN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class ProbeImage:
    """The image of the agent's init container and of the sidecar, and how both run."""

    name: str
    pull_policy: str | None = None
    """Always, IfNotPresent or Never; without it Kubernetes decides."""
    resources: Mapping[str, Any] = field(default_factory=lambda: RESOURCES)
    fixed_user_id: bool = True
    """Whether both run as the image's own user. False where the cluster assigns users."""

    def fields(self) -> dict[str, Any]:
        """``image`` and ``imagePullPolicy`` of both containers."""
        policy = {} if self.pull_policy is None else {"imagePullPolicy": self.pull_policy}
        return {"image": self.name, **policy}

    def security(self) -> dict[str, Any]:
        """``securityContext`` of both containers."""
        user = {"runAsUser": _UID} if self.fixed_user_id else {}
        return {**CONTAINER_SECURITY, "runAsNonRoot": True, **user}


def agent_container(image: ProbeImage) -> dict[str, Any]:
    """Copies the agent to the shared volume, before Celery starts."""
    return {
        "name": AGENT_CONTAINER,
        **image.fields(),
        "command": ["celery-probe", "install", wire.DIRECTORY],
        "resources": image.resources,
        "securityContext": image.security(),
        "volumeMounts": [PROBE_MOUNT],
    }


def sidecar_container(
    image: ProbeImage,
    env: Iterable[dict[str, Any]],
    role: Role = Role.WORKER,
    mounts: Iterable[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A native sidecar: it starts before Celery and stops after it.

    ``env``: the variables with the URL of the broker, and with the token of the orders if there is one.
    """
    return {
        "name": SIDECAR_CONTAINER,
        **image.fields(),
        "restartPolicy": "Always",
        "command": ["celery-probe", "serve"],
        "env": [
            *env,
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
        "resources": image.resources,
        "securityContext": image.security(),
        "volumeMounts": [PROBE_MOUNT, *mounts],
    }


STARTUP_PROBE: dict[str, Any] = {
    "httpGet": {"path": wire.STARTUP_PATH, "port": wire.PORT},
    "periodSeconds": 1,
    "timeoutSeconds": 2,
    "failureThreshold": 300,
}
"""Of Celery's container. It fails until Celery has loaded the application."""


def probes(*, restart: bool = True) -> dict[str, Any]:
    """Probes of Celery's container, answered by the sidecar: a failing one restarts that container alone.

    The short grace keeps a wedged process, which finishes nothing, from waiting out its long one.
    Without ``restart`` there is no liveness probe, and a process is never restarted for a verdict.
    """
    liveness = {
        **_get(wire.LIVENESS_PATH),
        "periodSeconds": 5,
        "timeoutSeconds": 3,
        "failureThreshold": 3,
        "terminationGracePeriodSeconds": 5,
    }
    return {
        "startupProbe": STARTUP_PROBE,
        **({"livenessProbe": liveness} if restart else {}),
        "readinessProbe": {**_get(wire.READINESS_PATH), "periodSeconds": 2, "timeoutSeconds": 2},
    }


def stop_hook(grace_period_seconds: int, python: str = "python") -> dict[str, Any]:
    """``preStop`` of a worker's container: its tasks end while its loop turns, and only then is it stopped.

    Of the user's Python the hook reads the standard library alone, so that it starts within milliseconds.
    """
    seconds = grace_period_seconds - min(STOP_MARGIN_SECONDS, (grace_period_seconds + 1) // 2)
    command = [python, "-ES", STOP_SCRIPT, str(seconds), str(wire.PORT)]
    return {"exec": {"command": command}}


def _get(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": wire.PORT}}
