"""The bug that the product exists for: a worker that lives, answers pings and consumes nothing."""

import json
import time

import pytest
from tools.testbed import faults
from tools.testbed.rabbitmq import IMAGE as RABBITMQ_IMAGE
from tools.testbed.rabbitmq import START as RABBITMQ_START
from tools.testbed.rabbitmq import URL as RABBITMQ_URL
from tools.testbed.shop import BROKER_URL, EXAMPLE_IMAGE, Shop, celery_deployment, group, pod, service
from tools.testbed.waiting import BUSY_SECONDS

DEAF_IMAGE = "celery-operator/example:celery-5.3.6"
NEWEST_IMAGE = "celery-operator/example:celery-5.7.0"
MOST_RESTARTS = 6
HEARING_WITHIN = 60 + BUSY_SECONDS
"""The grace of a deaf worker, the probes, its end, and the start of Celery."""

ENDED_WITHIN = 60
TASKS = 20


def restarts(shop: Shop, worker_group: str = "default", name: str = "shop") -> dict[str, int]:
    """Restarts of a group's containers, by pod."""
    return {
        one["metadata"]["name"]: sum(
            status["restartCount"]
            for status in one["status"].get("containerStatuses", [])
            + one["status"].get("initContainerStatuses", [])
        )
        for one in shop.pods(worker_group, name)
    }


def await_hearing(shop: Shop, before: dict[str, int], since: float) -> None:
    """Until the one worker was started again and consumes, without anybody doing anything."""
    (victim,) = before
    shop.kube.until(
        "the deaf worker started again", lambda: restarts(shop)[victim] > before[victim], HEARING_WITHIN
    )
    shop.kube.until(
        "the worker consuming again",
        lambda: shop.report(victim)["verdict"]["reason"] == "Consuming",
        timeout=max(1.0, HEARING_WITHIN - (time.monotonic() - since)),
    )
    print(f"consuming again after {time.monotonic() - since:.1f} s")
    assert restarts(shop) == {victim: before[victim] + 1}


def await_each_once(shop: Shop, ids: list[str]) -> None:
    """Until every task has ended; none may have been started twice."""

    missing: set[str] = set(ids)

    def ended() -> bool:
        found = shop.redis("-n", "1", "--json", "LRANGE", "shop:ledger", "0", "-1")
        entries = [json.loads(line) for line in json.loads(found)]
        missing.difference_update(entry["task"] for entry in entries if entry["event"] == "succeeded")
        return not missing

    try:
        shop.kube.until("every task ended", ended, timeout=ENDED_WITHIN, interval=1)
    except AssertionError:
        print("did not end:", sorted(missing))
        for place in (("LRANGE", "default", "0", "-1"), ("HGETALL", "unacked")):
            print(*place, shop.redis("--json", *place))
        raise
    assert {task: shop.runs(task) for task in ids} == dict.fromkeys(ids, 1)


def test_celery_5_3_6_made_deaf_by_redis_restarts_hears_again_and_a_healthy_pod_is_left_alone(
    shop: Shop,
) -> None:
    shop.apply(celery_deployment(image=DEAF_IMAGE))
    shop.apply(celery_deployment("sound", workers=[group("sound")]))
    shop.wait_ready()
    shop.wait_ready("sound")
    sound = restarts(shop, "sound", "sound")
    (name,) = restarts(shop)
    assert shop.report(name)["report"]["celery_version"] == "5.3.6"

    def verdict_after_restart() -> str:
        shop.restart_redis()
        return str(
            shop.kube.until(
                "a settled verdict",
                lambda: (
                    (reason := shop.report(name)["verdict"]["reason"]) in ("Consuming", "Deaf") and reason
                ),
                timeout=30,
            )
        )

    verdicts: list[str] = []
    last_restart = time.monotonic()
    while "Deaf" not in verdicts and len(verdicts) < MOST_RESTARTS:
        last_restart = time.monotonic()
        verdicts.append(verdict_after_restart())
    assert verdicts[-1] == "Deaf", verdicts
    # A restart of Redis may also end this old Celery by itself: only what follows is healing.
    before = restarts(shop)
    ids = shop.send("shop.tasks.place_order", 1, count=TASKS)

    shop.wait_condition("WorkersHealthy", "False", name, timeout=20)
    await_hearing(shop, before, last_restart)
    await_each_once(shop, ids)
    shop.wait_ready()
    assert restarts(shop, "sound", "sound") == sound


@pytest.mark.parametrize(
    ("image", "broker"), [(NEWEST_IMAGE, "redis"), (EXAMPLE_IMAGE, "rabbitmq")], ids=["5.7-redis", "rabbitmq"]
)
def test_a_worker_deafened_on_purpose_hears_again_and_no_task_is_lost_or_doubled(
    shop: Shop, image: str, broker: str
) -> None:
    url = RABBITMQ_URL if broker == "rabbitmq" else BROKER_URL
    if broker == "rabbitmq":
        start = ["sh", "-c", RABBITMQ_START]
        shop.kube.apply(
            shop.namespace, pod("rabbitmq", RABBITMQ_IMAGE, start, port=5672), service("rabbitmq", 5672)
        )
    workers = [group(), group("threads", pool="threads")]
    shop.kube.apply(
        shop.namespace, *faults.deployment_with_faults(image=image, workers=workers, broker={"url": url})
    )
    shop.wait_ready(timeout=150)
    before, others = restarts(shop), restarts(shop, "threads")
    (name,) = before

    deafened = time.monotonic()
    faults.inject(shop, name, "deaf")
    ids = shop.send("shop.tasks.place_order", 1, count=TASKS, broker=url)
    shop.wait_condition("WorkersHealthy", "False", name, timeout=20)
    await_hearing(shop, before, deafened)
    await_each_once(shop, ids)
    assert restarts(shop, "threads") == others
