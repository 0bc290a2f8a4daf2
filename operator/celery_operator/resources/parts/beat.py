"""The StatefulSet and the volume claim of beat."""

from collections.abc import Mapping
from typing import Any

from celery_health.wire import names as wire
from celery_health.wire.names import Role
from celery_operator.api import names
from celery_operator.api.parts.beat import BEAT_FOLDER, BeatStorage
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.environment import connections, literal, merged
from celery_operator.resources.overlay import laid_over
from celery_operator.resources.ownership import Manifest, ResourceIdentity, beat_name, labels
from celery_operator.resources.parts.one_pod import stateful_set_of_one
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
from celery_operator.resources.volume_claim import volume_claim
from celery_probe.pod import CONTAINER_SECURITY, DIRECTORY_VARIABLE, PROBE_MOUNT, PROBE_VOLUME, probes

DEFAULT_SCHEDULE = "/tmp/celerybeat-schedule"  # noqa: S108 - the pod's own
STORED_SCHEDULE = f"{BEAT_FOLDER}/schedule"

# The group of the volume's files: the user of the image is not known.
_VOLUME_GROUP = 1000

_VOLUME = "celery-beat"
_MOUNT = {"name": _VOLUME, "mountPath": BEAT_FOLDER}

# Beat holds nothing but its schedule file; while it ends, none may take its place.
GRACE_PERIOD_SECONDS = 10


def beat_volume_claim(cd: ResourceIdentity, storage: BeatStorage) -> Manifest:
    """The claim for the schedule."""
    object_labels = labels(cd, names.COMPONENT_BEAT)
    return volume_claim(cd, beat_name(cd), object_labels, storage.size, storage.storage_class_name)


def beat_stateful_set(
    cd: ResourceIdentity,
    spec: CeleryDeploymentSpec,
    settings: ObjectSettings,
    annotations: Mapping[str, str] = NO_ANNOTATIONS,
) -> Manifest:
    """The StatefulSet: one pod, the old one gone before the new one starts, so that no task is sent twice.

    ``annotations`` are those of the pod; the user's template wins over them.
    """
    object_labels = labels(cd, names.COMPONENT_BEAT)
    template = laid_over(
        {"metadata": pod_metadata(object_labels, annotations), "spec": _pod_spec(cd, spec, settings)},
        spec.beat.template,
    )
    return stateful_set_of_one(cd, beat_name(cd), object_labels, template, replicas=0 if spec.suspend else 1)


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
        literal(spec.beat.schedule or (STORED_SCHEDULE if spec.beat.storage else DEFAULT_SCHEDULE)),
        *(("--scheduler", spec.beat.scheduler) if spec.beat.scheduler else ()),
        *spec.beat.args,
    ]


def _pod_spec(cd: ResourceIdentity, spec: CeleryDeploymentSpec, settings: ObjectSettings) -> dict[str, Any]:
    stored = spec.beat.storage is not None
    claim = {"name": _VOLUME, "persistentVolumeClaim": {"claimName": beat_name(cd)}}
    container: dict[str, Any] = {
        "name": names.BEAT_CONTAINER,
        **image_fields(spec),
        "command": beat_command(spec),
        "env": merged(connections(cd, spec), [DIRECTORY_VARIABLE], spec.env, spec.beat.env),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONTAINER_SECURITY,
        **probes(restart=spec.health.restart.policy != "Never"),
        **container_fields(spec, PROBE_MOUNT, *([_MOUNT] if stored else ())),
    }
    if spec.beat.resources:
        container["resources"] = spec.beat.resources
    return {
        **account_fields(cd, spec),
        "securityContext": {
            **pod_security(spec),
            **({"fsGroup": _VOLUME_GROUP} if stored and settings.fixed_user_ids else {}),
        },
        "terminationGracePeriodSeconds": GRACE_PERIOD_SECONDS,
        "initContainers": [
            agent_container(spec, settings),
            sidecar_container(spec, settings, connections(cd, spec), Role.BEAT),
        ],
        "containers": [container],
        **volume_fields(spec, PROBE_VOLUME, token_volume(cd), *([claim] if stored else ())),
    }
