"""Drains that a failed rollout or a changed token gets in the way of: by the tasks' own ledger."""

import base64
import json
import secrets

import pytest
from tools.scale_soak.scaling_orders import same
from tools.scale_soak.stand import Stand
from tools.testbed.kube import Kube
from tools.testbed.shop import Shop, group

from tests.e2e.scaling import REMOVED_SECONDS, group_status, keeps, names, scale, wait_draining, wait_whole

HELD_SECONDS = 15.0
TOKEN_SECONDS = 150.0
"""The kubelet renews the file of a Secret once in one to two minutes."""


@pytest.fixture
def stand(kube: Kube, namespace: str) -> Stand:
    """A namespace with Redis, a sender and a ledger."""
    made = Stand(Shop(kube, namespace))
    made.start()
    return made


def at_work(stand: Stand, pods: set[str], seconds: float) -> int:
    """Give each slot of these pods a task; returns the number of tasks."""
    tasks = 2 * len(pods)
    stand.send(same(tasks, seconds, modes=("late",)))

    def all_busy() -> bool:
        return all((stand.shop.report(name)["report"] or {}).get("active_count") == 2 for name in pods)

    stand.kube.until("all slots are busy", all_busy, timeout=30)
    return tasks


def assert_clean(stand: Stand, sent: int) -> None:
    outcome = stand.outcome(90)
    assert outcome.clean, outcome
    assert outcome.sent == sent


def rollout_has_failed(shop: Shop) -> bool:
    deployment = shop.kube.get(shop.namespace, "deployment", "shop-default") or {}
    conditions = {one["type"]: one["status"] for one in deployment["status"].get("conditions", [])}
    return conditions.get("Progressing") == "False"


def test_after_a_rollout_that_failed_only_drained_pods_go(stand: Stand) -> None:
    shop = stand.shop
    stand.deploy(group(replicas=4))
    shop.wait_ready()
    old = wait_whole(shop, 4)
    # Kubernetes calls a rollout failed after ten minutes.
    patch = {"spec": {"progressDeadlineSeconds": 5}}
    shop.kube.run("-n", shop.namespace, "patch", "deployment", "shop-default", "-p", json.dumps(patch))
    shop.change({"image": "registry.invalid/shop:broken"})
    shop.kube.until("a failed rollout", lambda: rollout_has_failed(shop), timeout=60)
    tasks = at_work(stand, old, HELD_SECONDS)

    scale(shop, 2)
    going = wait_draining(shop, 2) & old

    keeps(
        "only pods that drain go",
        lambda: old - names(shop) <= going,
        lambda: names(shop) & old == old - going,
        timeout=HELD_SECONDS + REMOVED_SECONDS,
    )
    assert len(going) == 2
    assert_clean(stand, tasks)


@pytest.mark.timeout(750)
def test_a_drain_comes_through_although_the_token_was_changed(stand: Stand) -> None:
    shop = stand.shop
    stand.deploy(group(replicas=2))
    shop.wait_ready()
    pods = wait_whole(shop, 2)
    value = base64.b64encode(secrets.token_urlsafe(32).encode()).decode()
    change = {"data": {"token": value}}
    shop.kube.run("-n", shop.namespace, "patch", "secret", "shop-probe", "-p", json.dumps(change))

    scale(shop, 1)

    shop.kube.until("one pod is left", lambda: len(names(shop)) == 1, timeout=TOKEN_SECONDS)
    assert names(shop) < pods
    # The sidecar of the pod that stays shows its report again once its kubelet has renewed the file.
    shop.kube.until(
        "its report is read", lambda: group_status(shop).get("consumingReplicas") == 1, timeout=TOKEN_SECONDS
    )
    wait_whole(shop, 1)
    reasons = [event["reason"] for event in shop.kube.list(shop.namespace, "events")]
    assert "DrainOverdue" not in reasons
