"""The Deployment of beat."""

from typing import Any

from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.environment import connections, literal, merged
from celery_operator.resources.ownership import Manifest, ResourceIdentity, beat_name, child, labels
from celery_operator.resources.pod import (
    CONTAINER_SECURITY,
    POD_SECURITY,
    account_fields,
    container_fields,
    image_fields,
    volume_fields,
)

DEFAULT_SCHEDULE = "/tmp/celerybeat-schedule"  # noqa: S108 - the pod's own


def beat_deployment(cd: ResourceIdentity, spec: CeleryDeploymentSpec) -> Manifest:
    """The Deployment: one pod, the old one gone before the new one starts, so that no task is sent twice."""
    wanted_labels = labels(cd, names.COMPONENT_BEAT)
    return {
        **child(cd, "apps/v1", "Deployment", beat_name(cd), wanted_labels),
        "spec": {
            "replicas": 0 if spec.suspend else 1,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": wanted_labels},
            "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": wanted_labels}, "spec": _pod_spec(cd, spec)},
        },
    }


def _pod_spec(cd: ResourceIdentity, spec: CeleryDeploymentSpec) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": names.BEAT_CONTAINER,
        **image_fields(spec),
        "command": [
            "python",
            "-m",
            "celery",
            "-A",
            literal(spec.app),
            "beat",
            "--loglevel",
            "INFO",
            "--schedule",
            literal(spec.beat.schedule or DEFAULT_SCHEDULE),
        ],
        "env": merged(connections(cd, spec), spec.env),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONTAINER_SECURITY,
        **container_fields(spec),
    }
    if spec.beat.resources:
        container["resources"] = spec.beat.resources
    return {
        **account_fields(cd, spec),
        "securityContext": POD_SECURITY,
        "containers": [container],
        **volume_fields(spec),
    }
