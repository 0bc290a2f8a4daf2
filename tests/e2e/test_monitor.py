"""A monitor is switched on beside running workers, shows their tasks over REST, and is switched off again."""

import base64
import json
import shlex
from typing import Any

from tools.testbed.kube import Object
from tools.testbed.shop import Shop, celery_deployment

READY_WITHIN = 150
SEEN_WITHIN = 20

READ = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer " + sys.argv[2]})
try:
    print(urllib.request.urlopen(request, timeout=5).read().decode())
except urllib.error.HTTPError as error:
    print('{"status": %d}' % error.code)
"""


def token(shop: Shop, name: str = "shop") -> str:
    """The token that the operator has generated."""
    secret = shop.kube.get(shop.namespace, "secret", f"{name}-monitor")
    assert secret is not None
    return base64.b64decode(secret["data"]["token"]).decode()


def read(shop: Shop, path: str, with_token: str) -> Any:
    """The answer of the monitor's Service, as a pod of the namespace reads it."""
    url = f"http://shop-monitor/api/automation/monitoring/{path}"
    words = ["python", "-c", READ, url, with_token]
    return json.loads(shop.kube.execute(shop.namespace, "toolbox", "sh", "-c", shlex.join(words)))


def identities(pods: list[Object]) -> dict[str, int]:
    """The workers, with the restarts of all their containers."""
    return {
        pod["metadata"]["uid"]: sum(
            one["restartCount"]
            for kind in ("initContainerStatuses", "containerStatuses")
            for one in pod["status"].get(kind, [])
        )
        for pod in pods
    }


def sends_events(shop: Shop) -> list[bool | None]:
    """Whether each worker sends task events, by its own report."""
    return [shop.report(pod["metadata"]["name"])["report"]["task_events"] for pod in shop.pods()]


def test_a_monitor_shows_the_tasks_of_workers_that_run_on(shop: Shop) -> None:
    shop.apply(celery_deployment())
    shop.wait_ready()
    before = identities(shop.pods())

    shop.change({"monitor": {"enabled": True}})
    shop.wait_condition("MonitorReady", "True", timeout=READY_WITHIN)
    shop.kube.until("task events", lambda: all(sends_events(shop)), timeout=SEEN_WITHIN)

    ids = shop.send("shop.tasks.place_order", 1, count=3)
    shop.results(ids)
    bearer = token(shop)

    def seen() -> bool:
        found = [read(shop, f"tasks/{id_}", bearer) for id_ in ids]
        return all(one.get("state") == "SUCCESS" for one in found)

    shop.kube.until("the tasks are in the history", seen, timeout=SEEN_WITHIN)

    def grouped() -> bool:
        workers = read(shop, "workers", bearer)["workers"]
        return bool(workers) and all(one["group"] == "default" for one in workers)

    shop.kube.until("the push has named the groups", grouped, timeout=SEEN_WITHIN)
    assert read(shop, "workers", "no-such-token") == {"status": 401}
    assert identities(shop.pods()) == before

    shop.change({"monitor": {"enabled": False}})
    shop.kube.until("events are off", lambda: not any(sends_events(shop)), timeout=SEEN_WITHIN)
    shop.kube.until(
        "the monitor is gone",
        lambda: shop.kube.get(shop.namespace, "deployment", "shop-monitor") is None,
        timeout=SEEN_WITHIN,
    )
    shop.kube.until("the condition is gone", lambda: not shop.condition("MonitorReady"), timeout=SEEN_WITHIN)
    assert token(shop) == bearer
    assert identities(shop.pods()) == before
