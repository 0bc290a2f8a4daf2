"""One API server with our CustomResourceDefinition and a namespace that enforces Pod Security restricted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.waiting import wait_for

from celery_operator.api import names
from tests.integration.api.apiserver import ApiServer

CRD = Path(__file__).parents[3] / "crds" / "celerydeployments.yaml"
NAMESPACE = "shop"


@pytest.fixture(scope="session")
def resources() -> str:
    """The path of the CeleryDeployments of the test's namespace."""
    return f"/apis/{names.API_VERSION}/namespaces/{NAMESPACE}/{names.PLURAL}"


@pytest.fixture(scope="package")
def api(tmp_path_factory: pytest.TempPathFactory, resources: str) -> Iterator[ApiServer]:
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        server = ApiServer(plane)
        _prepare(server, resources)
        yield server


def _prepare(server: ApiServer, resources: str) -> None:
    crd = yaml.safe_load(CRD.read_text())
    applied = server.apply(
        f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{names.PLURAL}.{names.GROUP}", crd
    )
    assert applied.status == 201, applied.message
    assert applied.warnings == ()
    security = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": security}}
    assert server.apply(f"/api/v1/namespaces/{NAMESPACE}", namespace).status == 201
    wait_for(
        lambda: server.request("GET", resources).status == 200,
        timeout=60,
        describe="the API server serves CeleryDeployments",
    )
