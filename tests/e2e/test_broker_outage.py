"""The broker goes and comes back: the status says so, and nothing is restarted."""

import time

from tools.testbed.shop import Shop, celery_deployment, group
from tools.testbed.waiting import BUSY_SECONDS

from tests.e2e.test_workers import restarts

OUTAGE_SECONDS = 60


def test_redis_away_for_a_minute_restarts_no_pod_and_a_task_sent_in_between_runs_once(shop: Shop) -> None:
    shop.apply(celery_deployment(workers=[group(replicas=2), group("threads", pool="threads")]))
    shop.wait_ready()
    before = restarts(shop) | restarts(shop, "threads")

    shop.stop_redis()
    stopped = time.monotonic()
    shop.wait_condition("Ready", "False", timeout=20)
    shop.wait_condition("BrokerReachable", "False", timeout=10 + BUSY_SECONDS)
    shop.send_when_possible("shop.tasks.place_order", 42)
    shop.kube.until(
        "a minute without a broker",
        lambda: time.monotonic() - stopped >= OUTAGE_SECONDS,
        timeout=90,
        interval=1,
    )
    assert restarts(shop) | restarts(shop, "threads") == before

    shop.start_redis()
    shop.wait_condition("Ready", "True", timeout=60)
    sent = shop.sent()
    assert shop.results([sent]) == ["order 42 placed"]
    assert shop.runs(sent) == 1
    assert restarts(shop) | restarts(shop, "threads") == before
