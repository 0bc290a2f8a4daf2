"""The Deployment of one worker group."""

from collections.abc import Mapping
from typing import Any

from celery_health.wire import names as wire
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec, WorkerGroup
from celery_operator.resources.environment import connections, literal, merged
from celery_operator.resources.overlay import laid_over
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    deployment_name,
    labels,
    owned_object,
)
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
    stop_hook,
)
from celery_operator.resources.settings import ObjectSettings


def worker_deployment(
    cd: ResourceIdentity,
    spec: CeleryDeploymentSpec,
    group: WorkerGroup,
    settings: ObjectSettings,
    *,
    replicas: int,
    annotations: Mapping[str, str] = NO_ANNOTATIONS,
) -> Manifest:
    """The Deployment. Its pod template changes only with the arguments: a change is a rollout.

    ``annotations`` are those of the pods; the user's template wins over them.
    """
    object_labels = labels(cd, names.COMPONENT_WORKER, group.name)
    template = laid_over(
        {"metadata": pod_metadata(object_labels, annotations), "spec": _pod_spec(cd, spec, group, settings)},
        group.template,
    )
    # The selector needs its labels whatever the user's template says.
    template = laid_over(template, {"metadata": {"labels": object_labels}})
    return {
        **owned_object(cd, "apps/v1", "Deployment", deployment_name(cd, group.name), object_labels),
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": object_labels},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
            },
            "template": template,
        },
    }


def worker_command(spec: CeleryDeploymentSpec, group: WorkerGroup) -> list[str]:
    """``celery worker``, started through the agent that lies in the shared volume."""
    return [
        "python",
        wire.DIRECTORY,
        "-A",
        literal(spec.app),
        "worker",
        "-Q",
        literal(",".join(group.queues)),
        "--pool",
        group.pool,
        "--concurrency",
        str(group.slots),
        "--hostname",
        f"{group.name}@%h",
        "--loglevel",
        "INFO",
        *group.args,
    ]


def _pod_spec(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, group: WorkerGroup, settings: ObjectSettings
) -> dict[str, Any]:
    return {
        **account_fields(cd, spec),
        "securityContext": POD_SECURITY,
        "terminationGracePeriodSeconds": group.grace_period_seconds,
        "initContainers": [
            agent_container(settings),
            sidecar_container(cd, settings, connections(cd, spec)),
        ],
        "containers": [_worker_container(cd, spec, group)],
        **volume_fields(spec, PROBE_VOLUME),
    }


def _worker_container(cd: ResourceIdentity, spec: CeleryDeploymentSpec, group: WorkerGroup) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": names.WORKER_CONTAINER,
        **image_fields(spec),
        "command": worker_command(spec, group),
        "env": merged(connections(cd, spec), [DIRECTORY_VARIABLE], spec.env, group.env),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONTAINER_SECURITY,
        **probes(spec.health.restart),
        **stop_hook(group.grace_period_seconds),
        **container_fields(spec, PROBE_MOUNT),
    }
    if group.resources:
        container["resources"] = group.resources
    return container
