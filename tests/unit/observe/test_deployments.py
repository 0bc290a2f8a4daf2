"""Owned Deployments as the watch shows them."""

from typing import Any

import pytest

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.observe.deployments import deployment_state
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.worker_deployment import worker_deployment
from tests.unit.resources.golden import SETTINGS


def built(probe: dict[str, Any] | None = None) -> dict[str, Any]:
    """The Deployment that the operator builds, with a startup probe of the user's."""
    template = {"spec": {"containers": [{"name": "worker", "startupProbe": probe}]}} if probe else {}
    group = {"name": "default", "template": template}
    spec = CeleryDeploymentSpec.model_validate(
        {"app": "shop", "image": "shop:1", "broker": {"managed": {}}, "workers": [group]}
    )
    owner = ResourceIdentity("market", "shop", "uid")
    manifest = worker_deployment(owner, spec, spec.workers[0], SETTINGS, replicas=2)
    metadata = {**manifest["metadata"], "generation": 1, "creationTimestamp": "2026-11-21T08:00:00Z"}
    return {**manifest, "metadata": metadata}


@pytest.mark.parametrize(
    ("probe", "seconds"),
    [
        (None, 300.0),
        ({"failureThreshold": 900}, 900.0),
        ({"periodSeconds": 10, "failureThreshold": 60, "initialDelaySeconds": 30}, 630.0),
        ({"periodSeconds": None, "failureThreshold": None}, 30.0),
        ({"$patch": "delete"}, 300.0),
    ],
)
def test_how_long_a_container_may_start_is_read_from_its_startup_probe(
    probe: dict[str, Any] | None, seconds: float
) -> None:
    assert deployment_state(built(probe)).startup_seconds == seconds
