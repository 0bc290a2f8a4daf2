"""What the tests of scaling read and change of a group, beside what tasks write in their ledger."""

import json
from collections.abc import Callable
from typing import Any

from tools.scale_soak.scaling_orders import same
from tools.scale_soak.stand import Stand
from tools.scale_soak.watch import attempted
from tools.testbed.events import named
from tools.testbed.kube import KubeError, Object
from tools.testbed.shop import Shop
from tools.testbed.waiting import wait_for

from celery_health.catalogue.deaths import DeathReason

STATUS_SECONDS = 30.0
REMOVED_SECONDS = 60.0
"""For a drained pod to go: the operator's reconcile, the worker's own end, the kubelet."""


def group_status(shop: Shop, worker_group: str = "default") -> Object:
    """What the status says about a group; empty before it does."""
    groups = shop.status().get("workers", [])
    return next((one for one in groups if one["name"] == worker_group), {})


def names(shop: Shop) -> set[str]:
    """The pods that are not being deleted."""
    return {pod["metadata"]["name"] for pod in shop.pods()}


def assert_no_deaths(shop: Shop) -> None:
    """No poison task and no lost child was ever named, for each would have an Event, and no task was lost."""
    assert named(shop, DeathReason) == []
    for resource in shop.kube.list(shop.namespace, "celerydeployments"):
        recommended = [one["message"] for one in resource["status"].get("recommendations", [])]
        assert not [message for message in recommended if "lost with the process" in message]


def assert_no_deaths_counted(shop: Shop, *groups: str) -> None:
    """No worker that runs has seen a child die or a task lost, and no sidecar the end of its worker."""
    for name in groups:
        for pod in shop.pods(name):
            answer = shop.report(pod["metadata"]["name"])
            report = answer["report"]
            counts = (report["children_lost_total"], report["tasks_lost_total"], answer.get("ends", []))
            assert counts == (0, 0, []), answer


def draining(shop: Shop) -> set[str]:
    """The pods whose sidecar has been asked to let the worker take no more tasks."""
    return {name for name in names(shop) if _report(shop, name).get("drain_requested")}


def wait_draining(shop: Shop, count: int) -> set[str]:
    """Wait until this number of pods drains; returns their names."""
    found: set[str] = shop.kube.until(
        f"{count} pods drain", lambda: len(them := draining(shop)) == count and them, timeout=STATUS_SECONDS
    )
    return found


def wait_status(shop: Shop, **fields: Any) -> None:
    """Wait until the status of the group says this (fields by their names in the status)."""
    seen: dict[str, Any] = {}

    def matches() -> bool:
        status = group_status(shop)
        seen.update({name: status.get(name) for name in fields})
        return seen == fields

    wait_for(
        lambda: attempted(matches), STATUS_SECONDS, lambda: f"status {fields}; it is {seen}", interval=0.5
    )


def wait_whole(shop: Shop, replicas: int) -> set[str]:
    """Wait until exactly this number of pods takes tasks and none drains; returns their names."""

    def whole() -> bool:
        status = group_status(shop)
        counts = (status.get("consumingReplicas"), status.get("draining", 0), len(names(shop)))
        return counts == (replicas, 0, replicas)

    shop.kube.until(f"{replicas} pods that take tasks", whole, timeout=REMOVED_SECONDS, interval=0.5)
    return names(shop)


def occupy(stand: Stand, pods: int, seconds: float, behind: int = 0) -> None:
    """Give both slots of each of ``pods`` pods a task of ``seconds``; returns when all run.

    ``behind``: short tasks that wait in the queue meanwhile. All are acknowledged late, so that no worker
    takes more than it can run.
    """
    late = ("late",)
    stand.send(same(2 * pods, seconds, modes=late) + same(behind, 0.1, modes=late))

    def all_busy() -> bool:
        return all(_count(stand.shop, name, "active_count") == 2 for name in names(stand.shop))

    stand.kube.until(f"both slots of {pods} pods are busy", all_busy, timeout=STATUS_SECONDS)


def hold_for_eta(stand: Stand, count: int, countdown: float) -> None:
    """Give the workers tasks whose time comes later; returns when they hold them all."""
    stand.send(same(count, 0.1, countdown=countdown))

    def all_wait() -> bool:
        return sum(_count(stand.shop, name, "eta") for name in names(stand.shop)) == count

    stand.kube.until(f"{count} tasks wait for their ETA", all_wait, timeout=STATUS_SECONDS)


def scale(shop: Shop, replicas: int) -> None:
    """What a person types."""
    shop.kube.run("-n", shop.namespace, "scale", "celerydeployment/shop", f"--replicas={replicas}")


def evict(shop: Shop, pod: str) -> None:
    """What ``kubectl drain`` of its node does to a pod."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": shop.namespace},
    }
    path = f"/api/v1/namespaces/{shop.namespace}/pods/{pod}/eviction"
    shop.kube.run("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def takes_no_more(shop: Shop, pod: str) -> bool:
    """Whether this pod, which may be leaving, fetches nothing more, whatever made it drain."""
    report = _report(shop, pod).get("report") or {}
    return report.get("phase") == "draining"


def keeps(what: str, is_true: Callable[[], bool], until: Callable[[], bool], timeout: float) -> None:
    """Wait for ``until``, and fail as soon as something that has to hold all the while does not."""

    def reached() -> bool:
        try:
            still_true, done = is_true(), until()
        except KubeError:
            return False
        assert still_true, f"not so any more: {what}"
        return done

    wait_for(reached, timeout, f"the end of: {what}", interval=0.5)


def _count(shop: Shop, pod: str, what: str) -> int:
    report = _report(shop, pod).get("report") or {}
    return int(report.get(what, 0))


def _report(shop: Shop, pod: str) -> Object:
    try:
        return shop.report(pod)
    except (KubeError, json.JSONDecodeError):
        return {}
