"""The chart, as an administrator uses it: test, upgrade, namespaces, uninstall."""

import os
import subprocess
from collections.abc import Iterator

import pytest
from tools.testbed.kube import Kube
from tools.testbed.shop import Shop, celery_deployment, group

from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.disruptive

SYSTEM = "celery-system"
RELEASE = "celery-operator"
CHART = ROOT / "charts" / "celery-operator"


def helm(*args: str, timeout: float = 180) -> str:
    """What helm printed; fails the test with its error."""
    done = subprocess.run(
        [os.environ["HELM"], "--namespace", SYSTEM, *args],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"helm {' '.join(args)}: {done.stderr}"
    return done.stdout


@pytest.fixture
def deployed_again() -> Iterator[None]:
    """Bring the release back to what ``make deploy`` makes of it."""
    yield
    subprocess.run(["make", "deploy"], cwd=ROOT, check=True, timeout=300)


def resource_versions(kube: Kube) -> dict[str, str]:
    """The version of every object of the release; an unchanged object keeps its own."""
    kinds = "deployments,serviceaccounts,services,poddisruptionbudgets,clusterroles,clusterrolebindings"
    found = kube.list(SYSTEM, kinds, f"app.kubernetes.io/instance={RELEASE}")
    return {
        f"{item['kind']}/{item['metadata']['name']}": str(
            item["metadata"].get("generation", item["metadata"]["uid"])
        )
        for item in found
    }


def test_helm_test_passes() -> None:
    assert "Succeeded" in helm("test", RELEASE)


def test_an_upgrade_from_the_same_chart_changes_nothing(kube: Kube) -> None:
    before = resource_versions(kube)
    pods = [
        pod["metadata"]["uid"] for pod in kube.list(SYSTEM, "pods", "app.kubernetes.io/name=celery-operator")
    ]

    helm("upgrade", RELEASE, str(CHART), "--reuse-values", "--wait")

    assert resource_versions(kube) == before
    assert [
        pod["metadata"]["uid"] for pod in kube.list(SYSTEM, "pods", "app.kubernetes.io/name=celery-operator")
    ] == pods


def test_an_uninstall_leaves_the_workers_running(shop: Shop, deployed_again: None) -> None:
    shop.apply(celery_deployment())
    shop.wait_ready()
    pods = [pod["metadata"]["uid"] for pod in shop.pods()]

    helm("uninstall", RELEASE, "--wait")

    assert [pod["metadata"]["uid"] for pod in shop.pods()] == pods
    assert shop.resource()["metadata"]["name"] == "shop"
    assert shop.results(shop.send("shop.tasks.place_order", 9)) == ["order 9 placed"]


def test_an_operator_of_one_namespace_leaves_the_others_alone(
    shop: Shop, kube: Kube, deployed_again: None
) -> None:
    helm(
        "upgrade",
        RELEASE,
        str(CHART),
        "--reuse-values",
        "--set",
        f"watchNamespaces={{{shop.namespace}}}",
        "--wait",
    )
    other = f"{shop.namespace}-other"
    kube.run("create", "namespace", other)
    try:
        kube.apply(other, celery_deployment())
        shop.apply(celery_deployment())
        shop.wait_ready()
        assert kube.get(other, "deployment", "shop-default") is None
        assert shop.kube.get("", "clusterrole", f"{RELEASE}") is None
        shop.change({"workers": [group(replicas=2)]})
        shop.kube.until("2/2", lambda: shop.status().get("ready") == "2/2")
    finally:
        kube.run("delete", "namespace", other, "--wait=false")
