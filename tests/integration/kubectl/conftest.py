"""A real API server and the real kubectl; the test plays the operator."""

import uuid
from collections.abc import Iterator

import pytest
import yaml
from tools.cluster.binaries.toolchain import ensure
from tools.cluster.controlplane.standalone import ControlPlane
from tools.testbed.waiting import wait_for

from tests.integration.kubectl.harness import CRD, RESOURCE, Cluster, Shop


@pytest.fixture(scope="package")
def bare_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """An API server that knows nothing of us."""
    with ControlPlane(tmp_path_factory.mktemp("bare")) as plane:
        yield Cluster(ensure("kubectl")["kubectl"], plane.kubeconfig)


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """An API server that knows CeleryDeployments."""
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        cluster = Cluster(ensure("kubectl")["kubectl"], plane.kubeconfig)
        cluster.apply(yaml.safe_load(CRD.read_text()))
        wait_for(
            lambda: RESOURCE in cluster.run("api-resources", "--api-group=celery-operator.dev", "-o", "name"),
            60,
        )
        yield cluster


@pytest.fixture
def empty(cluster: Cluster) -> Shop:
    """A namespace without a CeleryDeployment."""
    namespace = f"shop-{uuid.uuid4().hex[:6]}"
    cluster.run("create", "namespace", namespace)
    return Shop(cluster, namespace)


@pytest.fixture
def shop(empty: Shop) -> Shop:
    """A namespace with the CeleryDeployment ``shop``, which no operator has reconciled yet."""
    empty.create()
    return empty
