"""What the pods of workers and of beat have in common."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.overlay import laid_over
from celery_operator.resources.ownership import ResourceIdentity, service_account_name

POD_SECURITY: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}

_USER_IDS = frozenset({"runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy"})

TMP_VOLUME: dict[str, Any] = {"name": "tmp", "emptyDir": {}}
TMP_MOUNT: dict[str, Any] = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - the pod's own

NO_ANNOTATIONS: Mapping[str, str] = MappingProxyType({})


def pod_security(spec: CeleryDeploymentSpec) -> dict[str, Any]:
    """``securityContext`` of the pods of workers and beat."""
    if spec.run_as_user is None:
        return POD_SECURITY
    return {**POD_SECURITY, "runAsUser": spec.run_as_user}


def without_user_ids(deployment: dict[str, Any]) -> dict[str, Any]:
    """A manifest with pods whose users the cluster assigns."""
    pod = deployment["spec"]["template"]["spec"]
    containers = {
        kind: [_without_ids(container) for container in pod[kind]]
        for kind in ("initContainers", "containers")
        if kind in pod
    }
    return _with(deployment, _without_ids({**pod, **containers}))


def _without_ids(part: dict[str, Any]) -> dict[str, Any]:
    security = part.get("securityContext", {})
    kept = {name: value for name, value in security.items() if name not in _USER_IDS}
    return {**part, "securityContext": kept} if security else part


def _with(deployment: dict[str, Any], pod: dict[str, Any]) -> dict[str, Any]:
    template = {**deployment["spec"]["template"], "spec": pod}
    return {**deployment, "spec": {**deployment["spec"], "template": template}}


def pod_metadata(labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, Any]:
    """``metadata`` of a pod template."""
    metadata: dict[str, Any] = {"labels": dict(labels)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return metadata


def image_fields(spec: CeleryDeploymentSpec) -> dict[str, Any]:
    """The user's image and when to pull it."""
    fields: dict[str, Any] = {"image": spec.image}
    if spec.image_pull_policy is not None:
        fields["imagePullPolicy"] = spec.image_pull_policy
    return fields


def account_fields(cd: ResourceIdentity, spec: CeleryDeploymentSpec) -> dict[str, Any]:
    """Who the pod is. Celery has no business with the API server, so no token is mounted."""
    fields: dict[str, Any] = {
        "serviceAccountName": spec.service_account_name or service_account_name(cd),
        "automountServiceAccountToken": False,
    }
    if spec.image_pull_secrets:
        fields["imagePullSecrets"] = list(spec.image_pull_secrets)
    return fields


def volume_fields(spec: CeleryDeploymentSpec, *ours: dict[str, Any]) -> dict[str, Any]:
    """``volumes`` of a pod: a temporary one, ours and the user's; a name of the user's wins."""
    return laid_over({"volumes": [TMP_VOLUME, *ours]}, {"volumes": list(spec.volumes)})


def container_fields(spec: CeleryDeploymentSpec, *ours: dict[str, Any]) -> dict[str, Any]:
    """``envFrom`` and ``volumeMounts`` of the user's container; a path of the user's wins over ours."""
    fields = laid_over({"volumeMounts": [TMP_MOUNT, *ours]}, {"volumeMounts": list(spec.volume_mounts)})
    if spec.env_from:
        fields["envFrom"] = list(spec.env_from)
    return fields
