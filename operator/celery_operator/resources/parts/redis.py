"""StatefulSet, Service and volume claim of the managed Redis."""

from typing import Any

from celery_operator.api import names
from celery_operator.api.parts.managed_redis import ManagedRedis, RedisStorage
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.overlay import laid_over
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    labels,
    outliving,
    owned_object,
    redis_name,
)
from celery_operator.resources.parts.one_pod import stateful_set_of_one
from celery_operator.resources.parts.redis_address import REDIS_PORT
from celery_operator.resources.pod import POD_SECURITY, account_fields, pod_metadata
from celery_operator.resources.volume_claim import volume_claim
from celery_probe.pod import CONTAINER_SECURITY

_UID = 999
_DATA = "/data"
_CONFIGURATION = "/etc/celery-redis"
_MEBIBYTE = 1024 * 1024

# redis-cli reads the password from there, so that no probe has it among its arguments.
_PASSWORD_VARIABLE = "REDISCLI_AUTH"  # noqa: S105 - the variable's name, not a password


def redis_service(cd: ResourceIdentity) -> Manifest:
    """The Service in front of the managed Redis."""
    object_labels = labels(cd, names.COMPONENT_REDIS)
    return {
        **owned_object(cd, "v1", "Service", redis_name(cd), object_labels),
        "spec": {
            "selector": object_labels,
            "ports": [{"name": "redis", "port": REDIS_PORT, "targetPort": "redis", "protocol": "TCP"}],
        },
    }


def redis_volume_claim(cd: ResourceIdentity, storage: RedisStorage) -> Manifest:
    """The claim. By default it stays when the resource is deleted: it holds messages."""
    object_labels = labels(cd, names.COMPONENT_REDIS)
    claim = volume_claim(cd, redis_name(cd), object_labels, storage.size, storage.storage_class_name)
    return outliving(claim) if storage.when_deleted == "Retain" else claim


def redis_stateful_set(
    cd: ResourceIdentity, spec: CeleryDeploymentSpec, redis: ManagedRedis, password_revision: str
) -> Manifest:
    """The StatefulSet. ``password_revision``: a new one restarts Redis; empty for a generated password."""
    object_labels = labels(cd, names.COMPONENT_REDIS)
    annotations = {names.ANNOTATION_PASSWORD_REVISION: password_revision} if password_revision else {}
    template = laid_over(
        {"metadata": pod_metadata(object_labels, annotations), "spec": _pod_spec(cd, spec, redis)},
        redis.template,
    )
    return stateful_set_of_one(cd, redis_name(cd), object_labels, template)


def redis_command(redis: ManagedRedis) -> list[str]:
    """``redis-server`` with the append-only file.

    The file is synced every second: a crash of the node loses at most that second. A Redis that is stopped
    syncs first.
    """
    return [
        "redis-server",
        f"{_CONFIGURATION}/{names.REDIS_CONFIGURATION_KEY}",
        *("--dir", _DATA),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        # Snapshots besides the append-only file would only cost memory.
        *("--save", ""),
        *("--maxmemory", redis.memory.lower()),
        *("--maxmemory-policy", redis.maxmemory_policy),
    ]


def _pod_spec(cd: ResourceIdentity, spec: CeleryDeploymentSpec, redis: ManagedRedis) -> dict[str, Any]:
    secret = {"secretName": redis_name(cd), "items": [_item(names.REDIS_CONFIGURATION_KEY)]}
    data: dict[str, Any] = {"name": "data", "emptyDir": {}}
    if redis.volume is not None:
        data = {"name": "data", "persistentVolumeClaim": {"claimName": redis_name(cd)}}
    return {
        **account_fields(cd, spec),
        "securityContext": {**POD_SECURITY, "fsGroup": _UID, "fsGroupChangePolicy": "OnRootMismatch"},
        "containers": [_container(cd, redis)],
        "volumes": [data, {"name": "configuration", "secret": {**secret, "defaultMode": 0o440}}],
    }


def _item(key: str) -> dict[str, str]:
    return {"key": key, "path": key}


def _container(cd: ResourceIdentity, redis: ManagedRedis) -> dict[str, Any]:
    password = {"secretKeyRef": {"name": redis_name(cd), "key": names.PASSWORD_KEY}}
    return {
        "name": names.COMPONENT_REDIS,
        "image": redis.image,
        "command": redis_command(redis),
        "env": [{"name": _PASSWORD_VARIABLE, "valueFrom": password}],
        "ports": [{"name": "redis", "containerPort": REDIS_PORT, "protocol": "TCP"}],
        # Not ready while it loads its file. redis-cli succeeds with any answer, hence the comparison.
        "readinessProbe": _probe("sh", "-c", 'test "$(redis-cli ping)" = PONG'),
        # The kernel accepts connections for a Redis that hangs: only an answer proves that it lives. One that
        # loads its file answers too.
        "livenessProbe": _probe("redis-cli", "ping"),
        "resources": redis.resources or _resources(redis.memory_bytes),
        "securityContext": {**CONTAINER_SECURITY, "runAsNonRoot": True, "runAsUser": _UID},
        "volumeMounts": [
            {"name": "data", "mountPath": _DATA},
            {"name": "configuration", "mountPath": _CONFIGURATION, "readOnly": True},
        ],
    }


def _probe(*command: str) -> dict[str, Any]:
    return {
        "exec": {"command": list(command)},
        "periodSeconds": 5,
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    }


def _resources(memory_bytes: int) -> dict[str, Any]:
    """While Redis rewrites its file, a child holds a copy of every page that changes meanwhile."""
    memory = -(-memory_bytes // _MEBIBYTE)
    return {
        "requests": {"cpu": "20m", "memory": f"{memory + 32}Mi"},
        "limits": {"memory": f"{2 * memory + 64}Mi"},
    }
