"""The managed Redis: a Deployment of one pod and its Service, without persistence."""

from typing import Any

from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec, ManagedRedis
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    labels,
    owned_object,
    redis_name,
)
from celery_operator.resources.pod import CONTAINER_SECURITY, POD_SECURITY, account_fields

REDIS_PORT = 6379

_COMMAND = [
    "redis-server",
    *("--save", ""),
    *("--appendonly", "no"),
    # Reached through the Service, without a password, from the namespace's pods.
    *("--protected-mode", "no"),
    # A full Redis refuses new tasks with an error; a container over its limit would lose all of them.
    *("--maxmemory", "192mb"),
    *("--maxmemory-policy", "noeviction"),
]
_RESOURCES = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}
_REDIS_UID = 999


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


def redis_deployment(cd: ResourceIdentity, spec: CeleryDeploymentSpec, redis: ManagedRedis) -> Manifest:
    """The Deployment. Recreate, because two Redis behind one Service would split the queues."""
    object_labels = labels(cd, names.COMPONENT_REDIS)
    return {
        **owned_object(cd, "apps/v1", "Deployment", redis_name(cd), object_labels),
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": object_labels},
            "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": object_labels}, "spec": _pod_spec(cd, spec, redis)},
        },
    }


def _pod_spec(cd: ResourceIdentity, spec: CeleryDeploymentSpec, redis: ManagedRedis) -> dict[str, Any]:
    return {
        **account_fields(cd, spec),
        "securityContext": POD_SECURITY,
        "containers": [_container(redis)],
    }


def _container(redis: ManagedRedis) -> dict[str, Any]:
    return {
        "name": names.COMPONENT_REDIS,
        "image": redis.image,
        "command": _COMMAND,
        "ports": [{"name": "redis", "containerPort": REDIS_PORT, "protocol": "TCP"}],
        "readinessProbe": {"tcpSocket": {"port": "redis"}, "periodSeconds": 2},
        # The kernel accepts connections for a Redis that hangs: only an answer proves that it lives.
        "livenessProbe": {
            "exec": {"command": ["redis-cli", "ping"]},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
        },
        "resources": _RESOURCES,
        "securityContext": {**CONTAINER_SECURITY, "runAsNonRoot": True, "runAsUser": _REDIS_UID},
    }
