"""The Deployment of beat."""

from collections.abc import Mapping
from typing import Any

from celery_health.wire import names as wire
from celery_health.wire.names import Role
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.environment import connections, literal, merged
from celery_operator.resources.ownership import Manifest, ResourceIdentity, beat_name, labels, owned_object
from celery_operator.resources.pod import (
    CONTAINER_SECURITY,
    NO_ANNOTATIONS,
    POD_SECURITY,
    account_fields,
    container_fields,
    image_fields,
    pod_metadata,
    volume_fields,
)
from celery_operator.resources.probe_containers import (
    DIRECTORY_VARIABLE,
    PROBE_MOUNT,
    PROBE_VOLUME,
    agent_container,
    probes,
    sidecar_container,
)
from celery_operator.resources.settings import ObjectSettings

DEFAULT_SCHEDULE = "/tmp/celerybeat-schedule"  # noqa: S108 - the pod's own

# Beat holds nothing but its schedule file; while it ends, none may take its place.
GRACE_PERIOD_SECONDS = 10


def beat_deployment(
    cd: ResourceIdentity,
    spec: CeleryDeploymentSpec,
    settings: ObjectSettings,
    annotations: Mapping[str, str] = NO_ANNOTATIONS,
) -> Manifest:
    """The Deployment: one pod, the old one gone before the new one starts, so that no task is sent twice.

    ``annotations`` are those of the pod.
    """
    object_labels = labels(cd, names.COMPONENT_BEAT)
    return {
        **owned_object(cd, "apps/v1", "Deployment", beat_name(cd), object_labels),
        "spec": {
            "replicas": 0 if spec.suspend else 1,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": object_labels},
            "strategy": {"type": "Recreate"},
            "template": {
                "metadata": pod_metadata(object_labels, annotations),
                "spec": _pod_spec(cd, spec, settings),
            },
        },
    }


def beat_command(spec: CeleryDeploymentSpec) -> list[str]:
    """``celery beat``, started through the agent that lies in the shared volume."""
    return [
        "python",
        wire.DIRECTORY,
        "-A",
        literal(spec.app),
        "beat",
        "--loglevel",
        "INFO",
        "--schedule",
        literal(spec.beat.schedule or DEFAULT_SCHEDULE),
    ]


def _pod_spec(cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": names.BEAT_CONTAINER,
        **image_fields(spec),
        "command": beat_command(spec),
        "env": merged(connections(cd, spec), [DIRECTORY_VARIABLE], spec.env),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONTAINER_SECURITY,
        **probes(spec.health.restart),
        **container_fields(spec, PROBE_MOUNT),
    }
    if spec.beat.resources:
        container["resources"] = spec.beat.resources
    return {
        **account_fields(cd, spec),
        "securityContext": POD_SECURITY,
        "terminationGracePeriodSeconds": GRACE_PERIOD_SECONDS,
        "initContainers": [
            agent_container(settings),
            sidecar_container(cd, settings, connections(cd, spec), Role.BEAT),
        ],
        "containers": [container],
        **volume_fields(spec, PROBE_VOLUME),
    }
