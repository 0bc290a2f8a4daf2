"""Every example of the guide to worker pods is taken by a real API server, with the pods that it makes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.worker_deployment import worker_deployment
from tests.integration.api.apiserver import ApiServer
from tests.integration.api.conftest import NAMESPACE
from tests.unit.resources.golden import SETTINGS

GUIDE = Path(__file__).parents[3] / "docs" / "howto" / "worker-pods.md"
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
OWNER = ResourceIdentity(NAMESPACE, "guide", "00000000-0000-0000-0000-000000000000")


def spec_of(example: str) -> dict[str, Any]:
    whole = {"app": "shop.celery", "image": "registry.example/shop:1", "broker": {"managed": {}}}
    return {**whole, **yaml.safe_load(example)}


def test_the_guide_has_examples() -> None:
    assert len(EXAMPLES) >= 9


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_is_taken_without_a_warning(example: str, api: ApiServer, resources: str) -> None:
    manifest = {
        "apiVersion": "celery-operator.dev/v1alpha1",
        "kind": "CeleryDeployment",
        "metadata": {"name": "shop"},
        "spec": spec_of(example),
    }
    answer = api.request("POST", f"{resources}?dryRun=All&fieldValidation=Strict", manifest)
    assert answer.status == 201, answer.message
    spec = CeleryDeploymentSpec.model_validate(manifest["spec"])
    deployments = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments?dryRun=All&fieldValidation=Strict"
    for group in spec.workers:
        built = worker_deployment(OWNER, spec, group, SETTINGS, replicas=1)
        answer = api.request("POST", deployments, built)
        assert answer.status == 201, answer.message
        assert answer.warnings == ()
