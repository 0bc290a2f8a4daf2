"""Unhealthy workers are restarted a few at a time; a person can pause that, and request a restart."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tools.testbed.faults import deployment_with_faults, inject
from tools.testbed.kube import Object
from tools.testbed.shop import Shop, celery_deployment, group
from tools.testbed.waiting import wait_for

STALLED_AFTER = 10
ENOUGH_FOR_MINUTES = 600
"""Tasks of two seconds: even three healthy workers of two slots need more than three minutes for them."""
WATCHED_SECONDS = 25
"""Longer than three failed probes take, and than several reconciles of the operator."""
DEAF_FLEET_CONSUMES_WITHIN = 150
PAUSE = "celery-operator.dev/pause-healing"
RESTARTED_AT = "celery-operator.dev/restarted-at"


def start(shop: Shop, replicas: int, **restart: Any) -> None:
    """A group of workers that can be hurt, with none of them taking long to count as stalled."""
    health = {"stalledAfterSeconds": STALLED_AFTER, "restart": restart}
    shop.kube.apply(
        shop.namespace, *deployment_with_faults(workers=[group(replicas=replicas)], health=health)
    )
    shop.wait_ready()
    shop.kube.until(
        "every worker consumes", lambda: shop.status().get("ready") == f"{replicas}/{replicas}", timeout=30
    )


def names(shop: Shop, worker_group: str = "default") -> set[str]:
    return {pod["metadata"]["name"] for pod in shop.pods(worker_group)}


def hurt(shop: Shop, pods: set[str], fault: str) -> None:
    """Make the fault in all these workers at the same moment."""
    with ThreadPoolExecutor(len(pods)) as at_once:
        list(at_once.map(lambda name: inject(shop, name, fault), pods))


def restarts(shop: Shop) -> Object:
    """What the status says about the operator's restarts."""
    found: Object = shop.status().get("restarts", {})
    return found


def events(shop: Shop, reason: str) -> list[str]:
    """The messages of the Events with this reason."""
    found = shop.kube.list(shop.namespace, "events.events.k8s.io")
    return [str(event.get("note", "")) for event in found if event["reason"] == reason]


def container_restarts(shop: Shop) -> int:
    """How often the kubelet started the worker containers of the present pods again."""
    return sum(
        status["restartCount"]
        for pod in shop.pods()
        for status in pod["status"].get("containerStatuses", [])
        if status["name"] == "worker"
    )


def up(pod: Object) -> bool:
    """Whether the worker container runs and has got through its start."""
    statuses = pod["status"].get("containerStatuses", [])
    return any(status["name"] == "worker" and status.get("started") for status in statuses)


def message_of(shop: Shop, kind: str) -> str:
    """The message of a condition that is False; empty otherwise."""
    condition = shop.condition(kind)
    return str(condition["message"]) if condition.get("status") == "False" else ""


def watch_that_nothing_is_restarted(shop: Shop, pods: set[str]) -> None:
    """For longer than the kubelet and the operator would take: the same pods, in the same containers."""
    since = time.monotonic()

    def watched() -> bool:
        assert names(shop) == pods
        assert container_restarts(shop) == 0
        return time.monotonic() - since >= WATCHED_SECONDS

    wait_for(watched, timeout=WATCHED_SECONDS + 30, interval=0.5, describe="the end of the watch")


def annotate(shop: Shop, annotation: str) -> None:
    """What a person types; ``NAME-`` takes one away."""
    shop.kube.run("-n", shop.namespace, "annotate", "--overwrite", "celerydeployment/shop", annotation)


@contextmanager
def disruption_budget(shop: Shop, least: int) -> Iterator[None]:
    """A budget that protects this number of workers from eviction, once the cluster counts with it."""
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "workers"},
        "spec": {
            "minAvailable": least,
            "selector": {"matchLabels": {"celery-operator.dev/group": "default"}},
        },
    }
    shop.kube.apply(shop.namespace, budget)

    def counted() -> bool:
        found = shop.kube.get(shop.namespace, "poddisruptionbudget", "workers") or {}
        return bool(found.get("status", {}).get("currentHealthy") == least)

    shop.kube.until("the budget counts the workers", counted)
    yield
    shop.kube.run("-n", shop.namespace, "delete", "poddisruptionbudget", "workers")


def test_a_stalled_fleet_is_replaced_one_by_one_after_a_canary(shop: Shop) -> None:
    start(shop, replicas=3)
    before = names(shop)
    hurt(shop, before, "stall")
    shop.send("shop.tasks.build_report", 2.0, count=ENOUGH_FOR_MINUTES)
    least_ready = len(before)

    def replaced() -> bool:
        nonlocal least_ready
        ready = sum(
            condition["type"] == "Ready" and condition["status"] == "True"
            for pod in shop.pods()
            for condition in pod["status"].get("conditions", [])
        )
        least_ready = min(least_ready, ready)
        within_the_rules(restarts(shop).get("recent", []))
        return not names(shop) & before and shop.status()["ready"] == "3/3"

    shop.kube.until("three new workers that consume", replaced, timeout=200)

    assert least_ready >= 1
    done = restarts(shop)
    assert done["total"] == 3
    assert {one["pod"] for one in done["recent"]} <= before
    shop.kube.until("three Events", lambda: len(events(shop, "RestartedStalledWorker")) == 3)


def within_the_rules(recent: list[Object]) -> None:
    """At most three in the window, one on its way at a time, and none before the canary has recovered."""
    assert len(recent) <= 3, recent
    assert sum("recovered" not in one for one in recent) <= 1, recent
    if len(recent) > 1:
        assert recent[0].get("recovered") is True, recent


def test_while_healing_is_paused_nothing_is_restarted_and_afterwards_it_is(shop: Shop) -> None:
    start(shop, replicas=2)
    before = names(shop)
    stalled, deaf = sorted(before)
    annotate(shop, f"{PAUSE}=true")
    shop.kube.until("the pause in the status", lambda: restarts(shop).get("paused") is True)
    shop.kube.until("the pause is reported", lambda: events(shop, "HealingPaused"))

    hurt(shop, {deaf}, "deaf")
    hurt(shop, {stalled}, "stall")
    shop.send("shop.tasks.build_report", 2.0, count=ENOUGH_FOR_MINUTES)
    shop.kube.until("the deaf worker condemned", lambda: not shop.report(deaf)["verdict"]["live"], timeout=60)
    shop.kube.until(
        "the other is reported as stalled", lambda: stalled in message_of(shop, "WorkersHealthy"), timeout=60
    )

    watch_that_nothing_is_restarted(shop, before)
    assert restarts(shop)["total"] == 0
    assert shop.report(deaf)["restart_hold_seconds_left"] > 0

    annotate(shop, f"{PAUSE}-")
    shop.kube.until("the deaf worker's container restarted", lambda: container_restarts(shop) > 0, timeout=60)
    shop.kube.until("the stalled worker evicted", lambda: stalled not in names(shop), timeout=60)
    shop.kube.until("both consume", lambda: shop.status()["ready"] == "2/2", timeout=90)


def test_a_restart_on_purpose_rolls_what_is_named_without_an_unavailable_worker(shop: Shop) -> None:
    shop.apply(celery_deployment(workers=[group(replicas=2), group("mail")]))
    shop.wait_ready()
    default, mail = names(shop), names(shop, "mail")

    annotate(shop, f"{RESTARTED_AT}.mail=2026-01-02T03:04:05Z")
    shop.kube.until(
        "a new mail worker",
        lambda: len(now := names(shop, "mail")) == 1 and not now & mail,
        timeout=90,
    )
    assert names(shop) == default

    def available() -> int:
        deployment = shop.kube.get(shop.namespace, "deployment", "shop-default") or {}
        return int(deployment["status"].get("availableReplicas", 0))

    shop.kube.until("two available", lambda: available() == 2)
    annotate(shop, f"{RESTARTED_AT}=2026-01-02T04:05:06Z")
    least = 2

    def rolled() -> bool:
        nonlocal least
        least = min(least, available())
        now = names(shop)
        return len(now) == 2 and not now & default

    shop.kube.until("a new pair of workers", rolled, timeout=120)
    shop.wait_ready()
    assert least == 2


def test_a_fleet_deafened_at_once_is_never_restarted_at_once(shop: Shop) -> None:
    start(shop, replicas=4)
    before = names(shop)
    hurt(shop, before, "deaf")
    least_up = len(before)

    def healed() -> bool:
        nonlocal least_up
        least_up = min(least_up, sum(up(pod) for pod in shop.pods()))
        return container_restarts(shop) >= 4 and shop.status()["ready"] == "4/4"

    shop.kube.until("four workers that consume again", healed, timeout=DEAF_FLEET_CONSUMES_WITHIN)

    assert least_up >= 1
    assert names(shop) == before
    assert restarts(shop)["total"] == 0


def test_an_eviction_that_a_disruption_budget_forbids_is_reported_and_restarts_nothing(shop: Shop) -> None:
    start(shop, replicas=2)
    before = names(shop)
    with disruption_budget(shop, least=2):
        hurt(shop, before, "stall")
        shop.send("shop.tasks.build_report", 2.0, count=ENOUGH_FOR_MINUTES)
        refused = shop.kube.until(
            "the refusal is reported", lambda: events(shop, "EvictionRefused"), timeout=STALLED_AFTER + 60
        )

        assert "disruption budget" in refused[0]
        watch_that_nothing_is_restarted(shop, before)
        assert restarts(shop)["total"] == 1
