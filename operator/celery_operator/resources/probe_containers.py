"""What the operator adds to the pods of workers and of beat, by the spec and the operator's own settings."""

from collections.abc import Mapping
from typing import Any

from celery_health.wire import names as wire
from celery_health.wire.names import Role
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.overlay import laid_over
from celery_operator.resources.ownership import ResourceIdentity, probe_secret_name
from celery_operator.resources.settings import ObjectSettings
from celery_probe import pod
from celery_probe.pod import RESOURCES, ProbeImage

_TOKEN_FOLDER = "/celery-probe-token"  # noqa: S105 - the folder's name, not a token


def agent_container(spec: CeleryDeploymentSpec, settings: ObjectSettings) -> dict[str, Any]:
    """Copies the agent to the shared volume, before Celery starts."""
    return pod.agent_container(_image(spec, settings))


def sidecar_container(
    spec: CeleryDeploymentSpec,
    settings: ObjectSettings,
    connections: list[dict[str, Any]],
    role: Role = Role.WORKER,
) -> dict[str, Any]:
    """The sidecar, which takes the operator's orders."""
    token = {"name": wire.TOKEN_FILE_VARIABLE, "value": f"{_TOKEN_FOLDER}/{names.TOKEN_KEY}"}
    mount = {"name": names.TOKEN_VOLUME, "mountPath": _TOKEN_FOLDER, "readOnly": True}
    return pod.sidecar_container(_image(spec, settings), [*connections, token], role, [mount])


def _image(spec: CeleryDeploymentSpec, settings: ObjectSettings) -> ProbeImage:
    return ProbeImage(
        settings.probe_image,
        settings.probe_image_pull_policy,
        laid_over(RESOURCES, spec.probe.resources),
        settings.fixed_user_ids,
    )


def token_volume(cd: ResourceIdentity) -> dict[str, Any]:
    """The token of the orders. The kubelet changes the file about a minute after the Secret."""
    items = [{"key": names.TOKEN_KEY, "path": names.TOKEN_KEY}]
    return {"name": names.TOKEN_VOLUME, "secret": {"secretName": probe_secret_name(cd), "items": items}}


def startup_seconds(probe: Mapping[str, Any]) -> float:
    """How long a startup probe lets a container start before the kubelet restarts the container."""
    period, failures = probe.get("periodSeconds") or 10, probe.get("failureThreshold") or 3
    return float((probe.get("initialDelaySeconds") or 0) + period * failures)
