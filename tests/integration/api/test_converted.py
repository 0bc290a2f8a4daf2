"""What ``kubectl celery convert`` prints is taken by a real API server, with the objects that it becomes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.owned_objects import owned_objects
from celery_operator.resources.ownership import ResourceIdentity
from tests.integration.api.apiserver import ApiServer
from tests.integration.api.conftest import NAMESPACE
from tests.unit.kubectl.convert.golden import CASES, name_of, output
from tests.unit.resources.golden import OWNER_UID, SECRETS, SETTINGS, by_spec

DRY_RUN = "dryRun=All&fieldValidation=Strict"
PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
}


def manifests(case: Path) -> Iterator[dict[str, Any]]:
    for manifest in yaml.safe_load_all(output(case).read_text()):
        yield {**manifest, "metadata": {"name": manifest["metadata"]["name"]}}


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_resource_is_taken_without_a_warning(case: Path, api: ApiServer, resources: str) -> None:
    for manifest in manifests(case):
        answer = api.request("POST", f"{resources}?{DRY_RUN}", manifest)
        assert answer.status == 201, answer.message
        assert answer.warnings == ()


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_workers_beat_and_flower_that_it_becomes_are_taken(case: Path, api: ApiServer) -> None:
    for manifest in manifests(case):
        owner = ResourceIdentity(NAMESPACE, manifest["metadata"]["name"], OWNER_UID)
        spec = CeleryDeploymentSpec.model_validate(switched_on(manifest["spec"]))
        built = owned_objects(owner, spec, SETTINGS, SECRETS, replicas=by_spec(spec))
        for body in (one for one in built if one["kind"] in PATHS):
            answer = api.request("POST", f"{PATHS[body['kind']].format(NAMESPACE)}?{DRY_RUN}", body)
            assert answer.status == 201, answer.message


def switched_on(spec: dict[str, Any]) -> dict[str, Any]:
    """With beat and Flower, which a person switches on when the old ones are gone."""
    return {
        key: {**value, "enabled": True} if key in {"beat", "flower"} else value for key, value in spec.items()
    }
