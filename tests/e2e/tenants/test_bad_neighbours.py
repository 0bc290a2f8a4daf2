"""A shop is scaled, healed and reported as usual beside ten resources that harm the operator as they can."""

import signal
from functools import partial
from pathlib import Path

from tools.testbed.faults import processes, signal_main
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import Shop, celery_deployment, group
from tools.testbed.waiting import BUSY_SECONDS

from tests.e2e.tenants import hostile

SYSTEM = "celery-system"
MOST_MEMORY_MIB = 200
REPORTED_WITHIN = 10 + BUSY_SECONDS
SCALED_WITHIN = 2 + BUSY_SECONDS
HEALED_WITHIN = 60
MOST = 3


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


def replicas(shop: Shop) -> int:
    deployment = shop.kube.get(shop.namespace, "deployment", "shop-default")
    return int(deployment["spec"]["replicas"]) if deployment else 0


def test_a_shop_is_scaled_healed_and_reported_beside_ten_hostile_resources(shop: Shop) -> None:
    kube = shop.kube
    before = restarts(operators(kube))
    kube.apply(shop.namespace, *hostile.tar_pit(), *hostile.resources())
    for name in hostile.SIDECARS:
        hostile.take_over(shop, name)

    # 1. The shop is reported.
    scaling = {"minReplicas": 1, "maxReplicas": MOST}
    shop.apply(celery_deployment(workers=[group(autoscaling=scaling)]))
    shop.wait_condition("BrokerReachable", "True", timeout=REPORTED_WITHIN)
    shop.wait_ready()
    (victim,) = shop.pods()
    signal_main(victim, "worker", signal.SIGSTOP)

    # 2. Each hostile resource says which server sends nonsense, or nothing.
    for name, words in hostile.SIDECARS.items():
        shop.wait_condition("AgentsReporting", "Unknown", words, name)
    for name, host in hostile.HOSTS.items():
        kube.until(f"{name} names {host}", partial(names_its_server, shop, name, host))

    # 3. The shop is healed.
    kube.until(
        "the frozen worker restarted",
        lambda: restarts(shop.pods()) == {victim["metadata"]["uid"]: 1},
        timeout=HEALED_WITHIN,
    )
    shop.wait_condition("WorkersHealthy", "True", timeout=HEALED_WITHIN)

    # 4. It is scaled, and its tasks run.
    ids = shop.send("shop.tasks.build_report", 0.5, count=60)
    kube.until("more pods are wanted", lambda: replicas(shop) == MOST, timeout=SCALED_WITHIN)
    assert len(shop.results(ids)) == len(ids)

    # 5. The operator has not noticed much.
    assert restarts(operators(kube)) == before
    assert memory_mib(kube) < MOST_MEMORY_MIB
