"""A shop is scaled, healed and reported as usual beside ten resources that harm the operator as they can."""

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from tools.testbed.faults import processes, signal_main
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import Shop, celery_deployment, group
from tools.testbed.waiting import BUSY_SECONDS

from tests.e2e.conftest import LIMIT_SECONDS
from tests.e2e.tenants import hostile

SYSTEM = "celery-system"
SECONDS = int(os.environ.get("NEIGHBOURS_SECONDS", "60"))
"""The shop is healed and scaled again and again for so long."""
MOST_MEMORY_MIB = 200
REPORTED_WITHIN = 10 + BUSY_SECONDS
SCALED_WITHIN = 2 + BUSY_SECONDS
HEALED_WITHIN = 60 + BUSY_SECONDS
SMALLER_WITHIN = 60
MOST = 3
SCALING = {
    "minReplicas": 1,
    "maxReplicas": MOST,
    "scaleDown": {"stabilizationWindowSeconds": 5},
}


def operators(kube: Kube) -> list[Object]:
    return kube.list(SYSTEM, "pods", "app.kubernetes.io/name=celery-operator")


def restarts(pods: list[Object]) -> dict[str, int]:
    """Restarts of their containers, by pod uid."""
    return {
        one["metadata"]["uid"]: sum(status["restartCount"] for status in one["status"]["containerStatuses"])
        for one in pods
    }


def memory_mib(kube: Kube) -> float:
    """Resident memory of the largest operator process."""
    pids = [pid for one in operators(kube) for pid, _ in processes(one, "operator")]
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return max(int(text.split("VmRSS:")[1].split()[0]) for text in statuses) / 1024


def names_its_server(shop: Shop, name: str, host: str) -> bool:
    """Whether the status of a hostile resource says which server gives no answer that can be read."""
    condition = shop.condition("BrokerReachable", name)
    return condition.get("status") in {"False", "Unknown"} and host in condition["message"]


def await_size(shop: Shop, replicas: int, within: float) -> None:
    """Wait until the shop's Deployment has this number of replicas."""

    def reached() -> bool:
        deployment = shop.kube.get(shop.namespace, "deployment", "shop-default")
        return deployment is not None and deployment["spec"]["replicas"] == replicas

    shop.kube.until(f"{replicas} replicas are wanted", reached, timeout=within)


def await_healed(shop: Shop) -> None:
    """Freeze the shop's only worker, and wait until its container has been restarted."""
    (victim,) = shop.pods()
    before = restarts([victim])
    signal_main(victim, "worker", signal.SIGSTOP)
    healed = {uid: count + 1 for uid, count in before.items()}
    shop.kube.until(
        "the frozen worker restarted", lambda: restarts(shop.pods()) == healed, timeout=HEALED_WITHIN
    )
    shop.wait_condition("WorkersHealthy", "True", timeout=HEALED_WITHIN)


def replace_worn_pod(shop: Shop) -> None:
    """Let a new pod take the place of one that was healed twice: the kubelet waits longer each time."""
    (worn,) = shop.pods()
    if sum(restarts([worn]).values()) < 2:
        return
    shop.kube.run("-n", shop.namespace, "delete", "pod", worn["metadata"]["name"], "--wait=false")

    def is_replaced() -> bool:
        new = [pod for pod in shop.pods() if pod["metadata"]["uid"] != worn["metadata"]["uid"]]
        containers = [one for pod in new for one in pod["status"].get("containerStatuses", [])]
        return bool(containers) and all(one["ready"] for one in containers)

    shop.kube.until("a new pod", is_replaced)
    shop.wait_condition("WorkersHealthy", "True")


def await_scaled(shop: Shop) -> None:
    """Send more tasks than one worker runs soon, and wait until the shop has grown and has shrunk again."""
    ids = shop.send("shop.tasks.build_report", 0.5, count=60)
    await_size(shop, MOST, SCALED_WITHIN)
    assert len(shop.results(ids)) == len(ids)
    await_size(shop, 1, SMALLER_WITHIN)
    shop.kube.until("one pod is left", lambda: len(shop.pods()) == 1, timeout=SMALLER_WITHIN)


@pytest.mark.timeout(LIMIT_SECONDS + SECONDS)
def test_a_shop_is_scaled_healed_and_reported_beside_ten_hostile_resources(shop: Shop) -> None:
    kube = shop.kube
    before = restarts(operators(kube))
    kube.apply(shop.namespace, *hostile.tar_pit(), *hostile.resources())
    shop.apply(celery_deployment(workers=[group(autoscaling=SCALING)]))
    shop.wait_condition("BrokerReachable", "True", timeout=REPORTED_WITHIN)
    shop.wait_ready()

    for name, words in hostile.SIDECARS.items():
        shop.wait_condition("AgentsReporting", "Unknown", words, name)
    for name, host in hostile.HOSTS.items():
        kube.until(f"{name} names {host}", partial(names_its_server, shop, name, host))

    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        replace_worn_pod(shop)
        await_healed(shop)
        await_scaled(shop)
        assert memory_mib(kube) < MOST_MEMORY_MIB
    assert restarts(operators(kube)) == before
