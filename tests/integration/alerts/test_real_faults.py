"""Real faults: a real Prometheus scrapes the real programs, and its alert fires and is resolved."""

import re
from collections.abc import Callable

from redis import Redis

from tests.integration.alerts.real_shop import SHOP, Shop


def test_failures_that_a_sidecar_counts_fire_and_successes_resolve_the_alert(shop: Shop) -> None:
    name, labels = "CeleryHighFailureRate", {**SHOP, "namespace": "market", "name": "agent_metrics.refuse"}

    def run(how: str) -> Callable[[], object]:
        return lambda: shop.app.send_task("agent_metrics.refuse", (7, how))

    alert = shop.until_it_fires(name, run("fail"), **labels)

    assert alert["annotations"]["summary"] == "Many tasks of market/shop fail"
    assert re.fullmatch(
        r"[\d.]+ % of the runs of agent_metrics\.refuse in market/shop have failed in the last 5 minutes\. "
        r"The limit is 50 %\.",
        alert["annotations"]["description"],
    )
    shop.until_it_is_resolved(name, run("ignore"), **labels)


def test_a_worker_that_stops_and_messages_that_pile_up_fire_until_it_is_back(shop: Shop) -> None:
    # Celery's shutdown may hang for ever if it begins while short tasks end (it then reads a closed pipe), so
    # what the test before has sent ends first.
    shop.worker.drain_until_empty()
    with Redis(port=shop.redis.port) as client:
        waiting = client.llen("celery")
    shop.worker.terminate()
    shop.worker.undrain()
    for _ in range(8):
        shop.app.send_task("agent_metrics.nothing", (7,))

    down = shop.until_it_fires("CeleryWorkersDown", **SHOP)
    deep = shop.until_it_fires("CeleryHighQueueDepth", **SHOP, queue="celery")

    assert down["labels"]["severity"] == "critical"
    assert down["annotations"] == {
        "summary": "No worker of shop is consuming",
        "description": "No worker of shop is consuming. Tasks wait in the queues, and none of them runs.",
        "runbook": "docs/runbooks/workers/CeleryWorkersDown.md",
    }
    assert deep["annotations"]["description"] == (
        f"{waiting + 8} messages are ready in queue celery of shop. The limit is 5."
    )
    shop.worker.start()
    shop.until_it_is_resolved("CeleryWorkersDown", **SHOP)
    shop.until_it_is_resolved("CeleryHighQueueDepth", **SHOP, queue="celery")


def test_a_broker_that_is_gone_fires_until_it_is_back(shop: Shop) -> None:
    shop.redis.stop()

    alert = shop.until_it_fires("CeleryBrokerUnreachable", **SHOP)

    assert alert["annotations"]["summary"] == "The broker of shop cannot be reached"
    assert alert["annotations"]["runbook"] == "docs/runbooks/beat-and-broker/CeleryBrokerUnreachable.md"
    shop.redis.start()
    shop.until_it_is_resolved("CeleryBrokerUnreachable", **SHOP)
