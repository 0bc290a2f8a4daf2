"""Capacity follows the load, to zero and back, and no task pays for it: by the tasks' own ledger."""

import signal
import time
from typing import Any

import pytest
from tools.scale_soak.run import ScaleIns
from tools.scale_soak.scaling_orders import burst_of_priorities, same
from tools.scale_soak.stand import Stand, scaled
from tools.scale_soak.timeline import one_hill, sizes
from tools.scale_soak.watch import SHOP, DeploymentWatch, wait_zero, watching
from tools.soak.judge import Fault, Hit
from tools.soak.judge import judge as judge_with_faults
from tools.testbed.events import messages
from tools.testbed.faults import signal_main
from tools.testbed.kube import Kube, Object
from tools.testbed.rabbitmq import IMAGE as RABBITMQ_IMAGE
from tools.testbed.rabbitmq import START as RABBITMQ_START
from tools.testbed.rabbitmq import URL as RABBITMQ_URL
from tools.testbed.shop import Shop, group, pod, service
from tools.testbed.waiting import BUSY_SECONDS

from tests.e2e.scaling import (
    REMOVED_SECONDS,
    STATUS_SECONDS,
    assert_no_deaths,
    draining,
    evict,
    hold_for_eta,
    keeps,
    names,
    occupy,
    scale,
    takes_no_more,
    wait_draining,
    wait_status,
    wait_whole,
)
from tests.e2e.test_operator import kill_operator

MOST = 4
WINDOW_SECONDS = 5
ZERO_SECONDS = WINDOW_SECONDS + REMOVED_SECONDS
RAISED_WITHIN = 10 + BUSY_SECONDS
"""Pods of other tests start at the same time; the time itself is measured by ``make bench-burst``."""

HELD_SECONDS = 20.0
"""Longer than it takes to order a drain, to see it, and to make a fault while the task runs."""

QUICK_TO_ZERO: dict[str, Any] = {
    "idleSeconds": WINDOW_SECONDS,
    "scaleDown": {"stabilizationWindowSeconds": WINDOW_SECONDS},
}


@pytest.fixture
def stand(kube: Kube, namespace: str) -> Stand:
    """A namespace with Redis, a sender and a ledger."""
    made = Stand(Shop(kube, namespace))
    made.start()
    return made


def held_at_work(stand: Stand, replicas: int, *, behind: int = 0, eta: int = 0) -> set[str]:
    """A group of fixed size with a long task in each slot; its pods.

    ``behind``: tasks that wait in the queue. ``eta``: tasks that the workers hold for longer than those run.
    """
    stand.deploy(group(replicas=replicas))
    stand.shop.wait_ready()
    pods = wait_whole(stand.shop, replicas)
    if eta:
        hold_for_eta(stand, eta, countdown=3 * HELD_SECONDS)
    occupy(stand, replicas, HELD_SECONDS, behind)
    return pods


def assert_clean(stand: Stand, sent: int, timeout: float = 60) -> None:
    """Every task that was sent ran once and to its end."""
    outcome = stand.outcome(timeout)
    assert outcome.clean, outcome
    assert outcome.sent == sent


def assert_one_hill(shop: Shop, watch: DeploymentWatch, began: float) -> None:
    """From zero up to all pods and down to zero, without a detour, as the status and Events say."""
    seen = watch.of(SHOP)
    story = sizes(seen)
    assert one_hill(seen), story
    assert max(one.desired for one in seen) == MOST, story
    raised = next(one.at for one in seen if one.desired > 0)
    assert raised - began < RAISED_WITHIN, story
    out, back = messages(shop, "ScaledOut"), messages(shop, "ScaledIn")
    assert any("0 -> " in message for message in out), out
    assert any(" -> 0" in message for message in back), back


def test_a_burst_on_priority_queues_takes_a_group_from_zero_and_back(stand: Stand) -> None:
    shop, queues = stand.shop, ["default", "urgent"]
    stand.deploy(scaled(most=MOST, **QUICK_TO_ZERO) | {"queues": queues})
    wait_status(shop, desiredReplicas=0, replicas=0)
    shop.wait_health("Healthy", timeout=STATUS_SECONDS)
    ready_since = shop.wait_condition("Ready", "True", timeout=30)["lastTransitionTime"]

    with watching(shop.kube, shop.namespace) as watch:
        began = time.monotonic()
        stand.send(burst_of_priorities(2000, queues, seed=7))
        assert_clean(stand, 2000, timeout=120)
        wait_zero(watch, shop, ZERO_SECONDS)
        assert_one_hill(shop, watch, began)

    wait_status(shop, desiredReplicas=0, replicas=0, draining=0)
    shop.wait_health("Healthy", timeout=STATUS_SECONDS)
    # A change of size does not disturb a person who waits for Ready or has an alert on it.
    ready = shop.condition("Ready")
    assert (ready["status"], ready["lastTransitionTime"]) == ("True", ready_since)


def test_a_new_group_is_ready_once_all_of_its_min_replicas_consume(stand: Stand) -> None:
    stand.deploy(scaled(least=2, most=MOST))

    def ready() -> Object | None:
        # One reading of both: a worker may fail to report at any later moment.
        status = stand.shop.status()
        conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
        return status if conditions.get("Ready") == "True" else None

    (reported,) = stand.kube.until("a ready group", ready, timeout=150, interval=0.1)["workers"]
    assert reported["consumingReplicas"] == 2


def test_a_burst_on_a_quorum_queue_takes_a_group_from_zero_and_back(kube: Kube, namespace: str) -> None:
    stand = Stand(Shop(kube, namespace), broker=RABBITMQ_URL, include="quorum_shop")
    kube.apply(
        namespace,
        pod("rabbitmq", RABBITMQ_IMAGE, ["sh", "-c", RABBITMQ_START], port=5672),
        service("rabbitmq", 5672),
    )
    stand.start()
    stand.deploy(scaled(most=MOST, **QUICK_TO_ZERO), app="quorum_shop:app")
    stand.shop.wait_condition("BrokerReachable", "True", timeout=90)

    with watching(kube, namespace) as watch:
        began = time.monotonic()
        stand.send(same(300, 0.1))
        assert_clean(stand, 300, timeout=120)
        wait_zero(watch, stand.shop, ZERO_SECONDS)
        assert_one_hill(stand.shop, watch, began)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("way", "scale_ins"), [("kubectl", 12), ("load", 8)])
def test_scale_ins_under_load_cost_no_task(stand: Stand, way: str, scale_ins: int) -> None:
    result = ScaleIns(stand, {way: 2}, longest=5, seed=7, say=print).run(scale_ins)
    assert result.outcome.clean, result.outcome
    assert result.scale_ins >= scale_ins
    assert_no_deaths(stand.shop)


def test_kubectl_scale_down_waits_for_what_runs_and_gives_back_what_waits_for_its_eta(stand: Stand) -> None:
    shop = stand.shop
    pods = held_at_work(stand, 3, eta=12)

    scale(shop, 1)
    going = wait_draining(shop, 2)
    wait_status(shop, desiredReplicas=1, draining=2)

    keeps(
        "only pods that drain go",
        lambda: pods - names(shop) <= going,
        lambda: names(shop) == pods - going,
        timeout=HELD_SECONDS + REMOVED_SECONDS,
    )
    wait_whole(shop, 1)
    assert_clean(stand, 6 + 12)


def test_pods_that_drain_are_wanted_again_before_new_ones_are_made(stand: Stand) -> None:
    shop = stand.shop
    pods = held_at_work(stand, 3)
    scale(shop, 1)
    wait_draining(shop, 2)

    scale(shop, 3)

    keeps(
        "the pods stay as they are",
        lambda: names(shop) == pods,
        lambda: not draining(shop),
        timeout=STATUS_SECONDS,
    )
    assert wait_whole(shop, 3) == pods
    assert_clean(stand, 6)


def test_suspend_drains_every_pod_and_keeps_the_resource_and_what_waits(stand: Stand) -> None:
    shop = stand.shop
    held_at_work(stand, 2, behind=8)

    shop.change({"suspend": True})
    wait_draining(shop, 2)
    shop.kube.until("no pods", lambda: not shop.pods(), timeout=HELD_SECONDS + REMOVED_SECONDS)

    wait_status(shop, desiredReplicas=0, replicas=0, draining=0)
    assert shop.condition("Stalled")["status"] == "False"
    assert int(shop.redis("LLEN", "default")) == 8
    shop.change({"suspend": False})
    assert_clean(stand, 4 + 8, timeout=90)


def test_a_rollout_waits_for_what_runs_and_loses_nothing(stand: Stand) -> None:
    shop = stand.shop
    before = held_at_work(stand, 2, behind=4)

    shop.change({"env": [*shop.resource()["spec"]["env"], {"name": "COLOUR", "value": "green"}]})

    shop.kube.until(
        "two new pods",
        lambda: len(now := names(shop)) == 2 and not now & before,
        timeout=HELD_SECONDS + REMOVED_SECONDS,
    )
    assert_clean(stand, 4 + 4)
    assert_no_deaths(shop)


def test_a_pod_evicted_from_its_node_ends_its_tasks_and_begins_no_others(stand: Stand) -> None:
    shop = stand.shop
    pods = held_at_work(stand, 2)
    victim, survivor = sorted(pods)

    evict(shop, victim)
    shop.kube.until(
        f"{victim} takes no more tasks", lambda: takes_no_more(shop, victim), timeout=STATUS_SECONDS
    )
    stand.send(same(8, 0.1))

    wait_whole(shop, 2)
    assert_clean(stand, 4 + 8)
    assert_no_deaths(shop)
    began = [line.task for line in stand.lines() if line.worker.endswith(f"@{victim}")]
    assert len(set(began)) == 2, f"{victim} began tasks after its eviction, or {survivor} had them"


def finish_scale_in(stand: Stand, pods: set[str], going: set[str]) -> None:
    """Until only the pods that did not drain are left."""
    stand.kube.until(
        f"{sorted(going)} are gone, and no others",
        lambda: names(stand.shop) == pods - going,
        timeout=HELD_SECONDS + REMOVED_SECONDS,
    )
    wait_whole(stand.shop, len(pods - going))


@pytest.mark.disruptive
def test_an_operator_killed_in_mid_drain_goes_on_with_the_same_pods(stand: Stand) -> None:
    pods = held_at_work(stand, 3)
    scale(stand.shop, 1)
    going = wait_draining(stand.shop, 2)

    kill_operator(stand.kube)

    finish_scale_in(stand, pods, going)
    assert_clean(stand, 6)


def test_a_sidecar_killed_in_mid_drain_changes_nothing(stand: Stand) -> None:
    shop = stand.shop
    pods = held_at_work(stand, 2)
    scale(shop, 1)
    going = wait_draining(shop, 1)
    victim = next(one for one in shop.pods() if one["metadata"]["name"] in going)

    signal_main(victim, "probe", signal.SIGKILL)

    finish_scale_in(stand, pods, going)
    assert_clean(stand, 4)


def test_a_broker_restarted_in_mid_drain_loses_no_task(kube: Kube, namespace: str) -> None:
    shop = Shop(kube, namespace)
    stand = Stand(shop, visibility=round(3 * HELD_SECONDS))
    stand.start()
    pods = held_at_work(stand, 2)
    scale(shop, 1)
    going = wait_draining(shop, 1)

    began = time.time()
    shop.restart_redis()
    restarted = Fault("restart of Redis", Hit.BROKER, "redis", began, until=time.time())

    finish_scale_in(stand, pods, going)
    outcome = stand.outcome(timeout=120)
    assert (outcome.lost, outcome.killed) == (0, 0), outcome
    # What could not be acknowledged while the broker was away runs again, as acks_late promises.
    assert judge_with_faults(stand.lines(), [restarted]).kept_promises, outcome
