"""The managed Redis as its user sees it: tasks and results pass through it, and it keeps what waits."""

import json
import signal
from typing import Any

from tools.testbed.faults import signal_main
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import Shop, celery_deployment

REDIS = "shop-redis-0"
PARKED = 500
AGAIN_WITHIN = 90

SEND = """
import json
from shop.celery import app
results = [app.send_task("shop.tasks.place_order", (1,), queue="default") for _ in range(20)]
print(json.dumps([bool(result.get(timeout=60)) for result in results]))
"""
PARK = f"""
from shop.celery import app
for number in range({PARKED}):
    app.send_task("shop.tasks.place_order", (number,), queue="parked")
"""


def start(shop: Shop, **managed: Any) -> None:
    broker = {"managed": {"memory": "64mb", **managed}}
    shop.apply(celery_deployment(broker=broker, resultBackend={"managed": {}}))
    shop.wait_ready(timeout=150)


def in_a_worker(shop: Shop, code: str) -> str:
    """What Python prints beside a worker, with the URLs that the worker has."""
    name = shop.pods()[0]["metadata"]["name"]
    return shop.kube.execute(shop.namespace, name, "python", "-c", code, container="worker", timeout=90)


def in_redis(shop: Shop, *command: str) -> str:
    return shop.kube.execute(shop.namespace, REDIS, "redis-cli", *command).strip()


def redis_pod(shop: Shop) -> Object | None:
    return shop.kube.get(shop.namespace, "pod", REDIS)


def is_ready(pod: Object | None) -> bool:
    conditions = pod["status"].get("conditions", []) if pod else []
    return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)


def test_tasks_pass_and_a_change_of_memory_or_a_crash_loses_none_that_waits(
    kube: Kube, namespace: str
) -> None:
    shop = Shop(kube, namespace)
    start(shop)
    assert json.loads(in_a_worker(shop, SEND)) == [True] * 20
    in_a_worker(shop, PARK)
    before = redis_pod(shop)
    assert before

    shop.change({"broker": {"managed": {"memory": "96mb"}}})

    def replaced() -> bool:
        pod = redis_pod(shop)
        return is_ready(pod) and pod is not None and pod["metadata"]["uid"] != before["metadata"]["uid"]

    kube.until("a new Redis", replaced, timeout=AGAIN_WITHIN)
    assert in_redis(shop, "LLEN", "parked") == str(PARKED)
    assert in_redis(shop, "CONFIG", "GET", "maxmemory").split()[-1] == str(96 * 1024 * 1024)
    shop.wait_condition("BrokerReachable", "True", timeout=AGAIN_WITHIN)
    shop.wait_ready()

    # The parked messages were written seconds ago, so a crash must keep them too.
    pod = redis_pod(shop)
    assert pod
    signal_main(pod, "redis", signal.SIGKILL)

    def restarted() -> bool:
        found = redis_pod(shop)
        return is_ready(found) and found is not None and _restarts(found) == 1

    kube.until("a restarted Redis", restarted, timeout=AGAIN_WITHIN)
    assert in_redis(shop, "LLEN", "parked") == str(PARKED)
    shop.wait_condition("BrokerReachable", "True", timeout=AGAIN_WITHIN)
    shop.wait_ready()
    assert json.loads(in_a_worker(shop, SEND)) == [True] * 20


def _restarts(pod: Object) -> int:
    return sum(int(status["restartCount"]) for status in pod["status"].get("containerStatuses", []))
