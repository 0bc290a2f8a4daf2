"""The API server takes every child as it stands: no unknown field, no warning, Pod Security restricted."""

from pathlib import Path

import pytest
import yaml

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.kinds import KEPT_KINDS, OWNED_KINDS
from celery_operator.resources.owned_objects import owned_objects
from celery_operator.resources.ownership import Manifest, ResourceIdentity
from tests.integration.api.apiserver import ApiServer
from tests.integration.api.conftest import NAMESPACE
from tests.unit.resources.golden import SECRETS, SETTINGS

MANIFESTS = sorted((Path(__file__).parent / "valid").glob("*.yaml"))


def _path(child: Manifest) -> str:
    kinds = {kind.kind: kind for kind in (*OWNED_KINDS, *KEPT_KINDS)}
    return kinds[child["kind"]].path(NAMESPACE, child["metadata"]["name"])


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_every_child_is_applied_without_a_warning(path: Path, api: ApiServer) -> None:
    manifest = yaml.safe_load(path.read_text())
    owner = ResourceIdentity(NAMESPACE, manifest["metadata"]["name"], "00000000-0000-0000-0000-000000000000")
    spec = CeleryDeploymentSpec.model_validate(manifest["spec"])
    replicas = {group.name: spec.replicas_of(group) for group in spec.workers}
    for child in owned_objects(owner, spec, SETTINGS, SECRETS, replicas=replicas):
        answer = api.apply(_path(child), child)
        assert answer.status == 201, answer.message
        assert answer.warnings == ()
        if child["kind"] == "PersistentVolumeClaim":
            # The API server completes a new claim at the second apply, and no sooner.
            answer = api.apply(_path(child), child)
        again = api.apply(_path(child), child)
        assert again.body["metadata"]["resourceVersion"] == answer.body["metadata"]["resourceVersion"]
