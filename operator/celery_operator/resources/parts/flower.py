"""The Deployment and the Service of Flower."""

from collections.abc import Iterator
from typing import Any

from celery_operator.api import names
from celery_operator.api.parts.flower import Flower
from celery_operator.api.references import SecretKeyReference
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.environment import EnvVar, connections, from_secret, literal, merged
from celery_operator.resources.overlay import laid_over
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    flower_name,
    labels,
    owned_object,
)
from celery_operator.resources.pod import (
    POD_SECURITY,
    TMP_MOUNT,
    TMP_VOLUME,
    account_fields,
)
from celery_probe.pod import CONTAINER_SECURITY

FLOWER_PORT = 5555

# The user of Flower's own image, which has it by name: Kubernetes does not know that a name is not root.
_UID = 1000
_RESOURCES = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}

READY_SCRIPT = """\
import base64, os, urllib.request
user = os.environ["FLOWER_BASIC_AUTH"].partition(",")[0]
prefix = os.environ.get("FLOWER_URL_PREFIX", "").strip("/")
url = f"http://127.0.0.1:{os.environ['FLOWER_PORT']}/{prefix + '/' if prefix else ''}api/workers?status=true"
credentials = "Basic " + base64.b64encode(user.encode()).decode()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
opener.open(urllib.request.Request(url, headers={"Authorization": credentials}), timeout=5).read()
"""
"""Asks Flower's API for the workers, as a user does. It fails unless the answer is 200."""


def flower_service(cd: ResourceIdentity) -> Manifest:
    """The Service in front of Flower."""
    object_labels = labels(cd, names.COMPONENT_FLOWER)
    return {
        **owned_object(cd, "v1", "Service", flower_name(cd), object_labels),
        "spec": {
            "selector": object_labels,
            "ports": [{"name": "http", "port": FLOWER_PORT, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def flower_deployment(cd: ResourceIdentity, spec: CeleryDeploymentSpec) -> Manifest:
    """The Deployment. Flower keeps what it knows in memory, so nothing is lost when two overlap."""
    object_labels = labels(cd, names.COMPONENT_FLOWER)
    template = laid_over(
        {"metadata": {"labels": object_labels}, "spec": _pod_spec(cd, spec)}, spec.flower.template
    )
    # The selector needs its labels whatever the user's template says.
    template = laid_over(template, {"metadata": {"labels": object_labels}})
    return {
        **owned_object(cd, "apps/v1", "Deployment", flower_name(cd), object_labels),
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": object_labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": template,
        },
    }


def flower_environment(cd: ResourceIdentity, flower: Flower) -> Iterator[EnvVar]:
    """Flower's options. What is secret comes from a Secret."""
    generated = SecretKeyReference(name=flower_name(cd), key=names.BASIC_AUTH_KEY)
    users = flower.basic_auth_from.secret_key_ref if flower.basic_auth_from else generated
    yield from_secret("FLOWER_BASIC_AUTH", users)
    yield {"name": "FLOWER_PORT", "value": str(FLOWER_PORT)}
    if flower.url_prefix:
        yield {"name": "FLOWER_URL_PREFIX", "value": literal(flower.url_prefix)}


def _pod_spec(cd: ResourceIdentity, spec: CeleryDeploymentSpec) -> dict[str, Any]:
    return {
        **account_fields(cd, spec),
        # A variable of the Service NAME-flower could be taken for one of Flower's options.
        "enableServiceLinks": False,
        "securityContext": {**POD_SECURITY, "runAsUser": _UID},
        "containers": [_container(cd, spec)],
        "volumes": [TMP_VOLUME],
    }


def _container(cd: ResourceIdentity, spec: CeleryDeploymentSpec) -> dict[str, Any]:
    flower = spec.flower
    ready = {"exec": {"command": ["python", "-c", READY_SCRIPT]}, "timeoutSeconds": 10}
    return {
        "name": names.FLOWER_CONTAINER,
        "image": flower.image,
        "command": ["celery", "flower", *flower.args],
        "env": merged(connections(cd, spec), flower_environment(cd, flower), flower.env),
        "ports": [{"name": "http", "containerPort": FLOWER_PORT, "protocol": "TCP"}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "startupProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 1, "failureThreshold": 120},
        "readinessProbe": {**ready, "periodSeconds": 10, "failureThreshold": 2},
        # Flower answers its API without the broker, so a failure is its own.
        "livenessProbe": {**ready, "periodSeconds": 20, "failureThreshold": 6},
        "resources": flower.resources or _RESOURCES,
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [TMP_MOUNT],
    }
