"""The same on RabbitMQ: the operator reads it by AMQP alone."""

from tools.testbed.rabbitmq import IMAGE, START, URL
from tools.testbed.shop import Shop, celery_deployment, group, pod, service


def test_workers_on_rabbitmq_consume_and_their_queues_are_counted(shop: Shop) -> None:
    shop.kube.apply(
        shop.namespace, pod("rabbitmq", IMAGE, ["sh", "-c", START], port=5672), service("rabbitmq", 5672)
    )
    shop.apply(
        celery_deployment(broker={"url": URL}, workers=[group(concurrency=1), group("email", pool="gevent")])
    )
    shop.wait_ready(timeout=120)

    ids = shop.send("shop.tasks.build_report", 4, count=15, broker=URL)
    shop.kube.until("messages wait", lambda: (shop.status().get("backlog") or 0) >= 3, timeout=20)
    assert shop.status()["broker"] == {
        "kind": "amqp",
        "address": f"amqp://rabbitmq.{shop.namespace}:5672/",
        "state": "Reachable",
    }
    assert shop.results(ids, timeout=120) == ["report built in 4 s"] * 15
    shop.kube.until("an empty queue", lambda: shop.status().get("backlog") == 0)

    shop.kube.run("-n", shop.namespace, "delete", "pod", "rabbitmq", "--wait=true", "--grace-period=1")
    shop.wait_condition("BrokerReachable", "False", timeout=30)
    shop.wait_health("Unhealthy")
    restarts = [s["restartCount"] for p in shop.pods() for s in p["status"]["containerStatuses"]]
    assert restarts == [0]
