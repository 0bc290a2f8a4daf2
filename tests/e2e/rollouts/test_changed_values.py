"""A Secret changes under load: no task is lost, killed or repeated, and a wrong value stops."""

import json
from collections import Counter
from typing import Any

from tools.testbed.kube import Object
from tools.testbed.shop import BROKER_URL, Shop, celery_deployment, group

from tests.e2e.scaling import assert_no_deaths, assert_no_deaths_counted

MARK = "celery-operator.dev/configuration"
GROUPS = ("default", "email")
TASKS = 20
GRACE_SECONDS = 240
GONE_SECONDS = 60
"""Far below the grace period: a stop costs as long as the tasks that run."""

# A shell without exec is the main process of the container, and keeps the kubelet's signal to itself.
WRAPPED = {
    "name": "worker",
    "command": ["sh", "-c", '"$@"; exit $?', "sh"],
    "args": [
        *("python", "/celery-probe", "--app=shop.celery", "worker", "--queues=email", "--pool=prefork"),
        *("--concurrency=2", "--hostname=email@%h", "--loglevel=INFO"),
    ],
}


def secret(url: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "broker"},
        "stringData": {"url": url},
    }


def put(shop: Shop, url: str) -> None:
    shop.kube.apply(shop.namespace, secret(url))


def marks(shop: Shop) -> dict[str, set[str]]:
    """The marks of the pods that are not being deleted, by group."""
    return {
        name: {pod["metadata"].get("annotations", {}).get(MARK, "") for pod in shop.pods(name)}
        for name in GROUPS
    }


def ledger(shop: Shop) -> Counter[tuple[str, str]]:
    lines = json.loads(shop.redis("-n", "1", "--json", "LRANGE", "shop:ledger", "0", "-1"))
    return Counter((one["task"], one["event"]) for one in map(json.loads, lines))


def condition_with(shop: Shop, words: str) -> Any:
    found = shop.status().get("conditions", [])
    return next((one for one in found if words in one["message"] and one["status"] != "True"), None)


def test_a_changed_secret_replaces_the_workers_group_by_group_and_a_wrong_one_stops(shop: Shop) -> None:
    put(shop, BROKER_URL)
    shop.apply(
        celery_deployment(
            broker={"urlFrom": {"secretKeyRef": {"name": "broker", "key": "url"}}},
            workers=[
                group(gracePeriodSeconds=GRACE_SECONDS),
                group(
                    "email",
                    gracePeriodSeconds=GRACE_SECONDS,
                    template={"spec": {"containers": [WRAPPED]}},
                ),
            ],
        )
    )
    shop.wait_ready()
    before = marks(shop)
    old = {name: [pod["metadata"]["name"] for pod in shop.pods(name)] for name in GROUPS}

    ids = [one for name in GROUPS for one in shop.send("shop.tasks.build_report", 2, queue=name, count=TASKS)]
    # The same broker by another name.
    put(shop, f"redis://redis.{shop.namespace}:6379/0")

    both = False

    def replaced() -> bool:
        nonlocal both
        now = marks(shop)
        both = both or all(len(now[name]) == 2 for name in GROUPS)
        return all(len(now[name]) == 1 and not now[name] & before[name] for name in GROUPS)

    shop.kube.until("the pods of both groups are replaced", replaced, timeout=180, interval=0.5)
    assert not both, "both groups were being replaced at the same time"

    def gone() -> bool:
        return not any(shop.kube.get(shop.namespace, "pod", name) for name in old["email"])

    shop.kube.until("the worker behind a shell is gone", gone, timeout=GONE_SECONDS)
    shop.results(ids, timeout=120)

    def noted() -> Counter[tuple[str, str]] | None:
        # A task writes its success after its result.
        counts = ledger(shop)
        return counts if all(counts[one, "succeeded"] for one in ids) else None

    counts = shop.kube.until("every success in the ledger", noted)
    assert [counts[one, "started"] for one in ids] == [1] * len(ids)
    assert [counts[one, "succeeded"] for one in ids] == [1] * len(ids)
    assert_no_deaths_counted(shop, *GROUPS)

    right = marks(shop)
    put(shop, "redis://:wrong@redis:6379/0")
    shop.kube.until("a new pod of the first group", lambda: len(marks(shop)["default"]) == 2, timeout=120)
    new = next(
        pod["metadata"]["name"]
        for pod in shop.pods()
        if pod["metadata"]["annotations"][MARK] not in right["default"]
    )
    shop.kube.until("the status says why", lambda: condition_with(shop, new), timeout=120)
    assert marks(shop)["email"] == right["email"]
    assert shop.results(shop.send("shop.tasks.place_order", 7)) == ["order 7 placed"]

    put(shop, BROKER_URL)
    shop.kube.until("healthy again", lambda: shop.status().get("health") == "Healthy", timeout=120)
    assert_no_deaths(shop)
