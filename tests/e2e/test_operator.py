"""The operator itself: drift, its own death, an API server that restarts. These disturb every namespace."""

import json
import signal
import subprocess

import pytest
from tools.testbed.faults import signal_main
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import Shop, celery_deployment, group
from tools.testbed.waiting import BUSY_SECONDS

from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.disruptive

SYSTEM = "celery-system"
REPAIRED_WITHIN = 2 + BUSY_SECONDS


def operator_pods(kube: Kube) -> list[Object]:
    """The operator's own pods."""
    return kube.list(SYSTEM, "pods", "app.kubernetes.io/name=celery-operator")


def kill_operator(kube: Kube) -> None:
    """Kill every operator process at once, as a node's memory shortage would."""
    for pod in operator_pods(kube):
        signal_main(pod, "operator", signal.SIGKILL)


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        ("deployment/shop-default", 2),
        ("serviceaccount/shop-celery", 2),
        # Secrets have no watch. They are read once a minute, and at each event of another object.
        ("secret/shop-probe", 60),
    ],
)
def test_a_deleted_owned_object_is_back_in_time(shop: Shop, kind: str, seconds: float) -> None:
    shop.apply(celery_deployment())
    shop.wait_ready()
    owned_object, name = kind.split("/")
    before = shop.kube.get(shop.namespace, owned_object, name)
    assert before is not None

    shop.kube.run("-n", shop.namespace, "delete", owned_object, name, "--wait=true")

    def back() -> bool:
        now = shop.kube.get(shop.namespace, owned_object, name)
        return now is not None and now["metadata"]["uid"] != before["metadata"]["uid"]

    shop.kube.until(f"{kind} back", back, timeout=seconds + BUSY_SECONDS, interval=0.1)


def test_an_edited_owned_object_is_repaired_within_two_seconds(shop: Shop) -> None:
    shop.apply(celery_deployment())
    shop.wait_ready()

    shop.kube.run("-n", shop.namespace, "scale", "deployment", "shop-default", "--replicas=5")
    shop.kube.run(
        "-n",
        shop.namespace,
        "set",
        "env",
        "deployment/shop-default",
        "--containers=worker",
        "CELERY_BROKER_URL=redis://other",
    )

    def right() -> bool:
        found = shop.kube.get(shop.namespace, "deployment", "shop-default")
        return (
            found is not None
            and found["spec"]["replicas"] == 1
            and "redis://other" not in json.dumps(found["spec"])
        )

    shop.kube.until("the Deployment put right", right, timeout=REPAIRED_WITHIN, interval=0.1)


def test_an_operator_killed_during_a_rollout_finishes_it_afterwards(shop: Shop) -> None:
    shop.apply(celery_deployment(workers=[group(replicas=2), group("email")]))
    shop.wait_ready()
    old = {pod["metadata"]["name"] for pod in shop.pods() + shop.pods("email")}

    shop.change({"env": [{"name": "COLOUR", "value": "green"}]})
    shop.kube.until(
        "the rollout began",
        lambda: len(shop.pods()) > 2 or {p["metadata"]["name"] for p in shop.pods()} - old,
    )
    kill_operator(shop.kube)

    def rolled() -> bool:
        pods = shop.pods() + shop.pods("email")
        names = {pod["metadata"]["name"] for pod in pods}
        status = shop.status()
        return (
            len(names) == 3 and not names & old and status["ready"] == "3/3" and status["health"] == "Healthy"
        )

    shop.kube.until("the status says that the rollout is complete", rolled, timeout=120, interval=1)


def test_deleting_the_resource_works_with_the_operator_gone(shop: Shop) -> None:
    shop.apply(celery_deployment())
    shop.wait_ready()
    desired = shop.kube.get(SYSTEM, "deployment", "celery-operator")["spec"]["replicas"]  # type: ignore[index]
    shop.kube.run("-n", SYSTEM, "scale", "deployment/celery-operator", "--replicas=0")
    try:
        shop.kube.until("no operator", lambda: not operator_pods(shop.kube) and True, timeout=60)
        shop.kube.run("-n", shop.namespace, "delete", "celerydeployment", "shop", "--wait=true")
        shop.kube.until(
            "no owned object left",
            lambda: not shop.kube.list(
                shop.namespace, "deployments,serviceaccounts,secrets,pods", "app.kubernetes.io/instance=shop"
            ) and True,
            timeout=90,
        )  # fmt: skip
    finally:
        shop.kube.run("-n", SYSTEM, "scale", "deployment/celery-operator", f"--replicas={desired}")
        shop.kube.run(
            "-n", SYSTEM, "rollout", "status", "deployment/celery-operator", "--timeout=90s", timeout=100
        )


def test_an_api_server_that_restarts_does_not_stop_the_operator(shop: Shop) -> None:
    shop.apply(celery_deployment())
    shop.wait_ready()

    subprocess.run(
        ["python3", "-m", "tools.cluster", "restart", "kube-apiserver"], cwd=ROOT, check=True, timeout=90
    )

    shop.kube.until("the API server", lambda: shop.kube.run("get", "--raw", "/readyz"), timeout=60)
    shop.change({"workers": [group(replicas=2)]})
    shop.kube.until("2/2", lambda: shop.status().get("ready") == "2/2", timeout=90, interval=0.5)
    shop.kube.run("-n", shop.namespace, "delete", "deployment", "shop-default")
    shop.kube.until(
        "drift repaired", lambda: shop.kube.get(shop.namespace, "deployment", "shop-default"), timeout=15
    )
