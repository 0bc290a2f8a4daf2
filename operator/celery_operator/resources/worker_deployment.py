"""The Deployment of one worker group."""

from collections.abc import Iterator, Mapping
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
    NO_ANNOTATIONS,
    account_fields,
    container_fields,
    image_fields,
    pod_metadata,
    pod_security,
    volume_fields,
)
from celery_operator.resources.probe_containers import (
    agent_container,
    sidecar_container,
    token_volume,
)
from celery_operator.resources.settings import ObjectSettings
from celery_probe.pod import (
    CONTAINER_SECURITY,
    DIRECTORY_VARIABLE,
    MANAGED_VARIABLE,
    PROBE_MOUNT,
    PROBE_VOLUME,
    probes,
    stop_hook,
)

_KIBIBYTES = {"Ki": 1, "Mi": 1024, "Gi": 1024**2}


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
                "rollingUpdate": {"maxSurge": f"{names.SURGE_PERCENT}%", "maxUnavailable": 0},
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
        group.log_level,
        *_options(group),
        *group.args,
    ]


def _options(group: WorkerGroup) -> Iterator[str]:
    """The options of fields that are set. Without an option the application's own setting counts."""
    for option, value in (
        ("--max-tasks-per-child", group.max_tasks_per_child),
        ("--max-memory-per-child", _kibibytes(group.max_memory_per_child)),
        ("--prefetch-multiplier", group.prefetch_multiplier),
        ("--time-limit", group.time_limit),
        ("--soft-time-limit", group.soft_time_limit),
        ("--optimization", group.optimization),
    ):
        if value is not None:
            yield from (option, str(value))


def _kibibytes(size: str | None) -> int | None:
    """As Celery counts the memory of a child."""
    return None if size is None else int(size[:-2]) * _KIBIBYTES[size[-2:]]


def _pod_spec(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, group: WorkerGroup, settings: ObjectSettings
) -> dict[str, Any]:
    return {
        **account_fields(cd, spec),
        "securityContext": pod_security(spec),
        "terminationGracePeriodSeconds": group.grace_period_seconds,
        "topologySpreadConstraints": _spread(labels(cd, names.COMPONENT_WORKER, group.name)),
        "initContainers": [
            agent_container(spec, settings),
            sidecar_container(spec, settings, connections(cd, spec)),
        ],
        "containers": [_worker_container(cd, spec, group)],
        **volume_fields(spec, PROBE_VOLUME, token_volume(cd)),
    }


def _spread(selected: dict[str, str]) -> list[dict[str, Any]]:
    """Over zones and nodes where that is possible, so that one of them takes few workers along. During a
    rollout the pods of each template are spread by themselves.
    """
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selected},
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _worker_container(cd: ResourceIdentity, spec: CeleryDeploymentSpec, group: WorkerGroup) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": names.WORKER_CONTAINER,
        **image_fields(spec),
        "command": worker_command(spec, group),
        "env": merged(connections(cd, spec), [DIRECTORY_VARIABLE, MANAGED_VARIABLE], spec.env, group.env),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONTAINER_SECURITY,
        **probes(restart=spec.health.restart.policy != "Never"),
        "lifecycle": {"preStop": stop_hook(group.grace_period_seconds)},
        **container_fields(spec, PROBE_MOUNT),
    }
    if group.resources:
        container["resources"] = group.resources
    return container
