"""Real faults in a cluster: a real Prometheus scrapes the pods, and its alerts fire and end.

It has the jobs of docs/howto/alerts.md, and rules with short times.
"""

import signal
import time
from pathlib import Path
from typing import Any

import pytest
from tools.dashboards.answers import keep
from tools.dashboards.every import DASHBOARDS
from tools.testbed import broker_faults, faults
from tools.testbed.kube import Kube, Object
from tools.testbed.shop import BROKER_URL, PROBE_PORT, Shop
from tools.testbed.waiting import wait_for

from tests.e2e.alerts.discovery import write_targets
from tests.e2e.alerts.watched import (
    CASE,
    TARGETS,
    Watched,
    configuration,
    running_case,
    watched,
)
from tests.e2e.poison_tasks.cases import send, start
from tests.e2e.test_kubectl_plugin import kubectl_celery
from tests.e2e.test_monitor import READY_WITHIN
from tests.e2e.test_operator import SYSTEM
from tests.support.prometheus import ALERT_SECONDS, prometheus

NOT_COUNTED = (
    # Redis does not know from which queue a worker has fetched a message.
    "celery_monitor_queue_unacknowledged",
    # These have no series until it happens for the first time.
    "celery_operator_restarts_total",
    "celery_task_lost_total",
    "celery_task_rejected_total",
    "celery_task_retried_total",
    "celery_task_revoked_total",
    "celery_task_run_twice_total",
)
"""Metrics of dashboard queries that may have no series in this test."""


def test_each_fault_fires_its_alert_and_its_repair_ends_it(shop: Shop, tmp_path: Path) -> None:
    start(shop, BROKER_URL, running_case())
    shop.wait_condition("MonitorReady", "True", name=CASE.name, timeout=READY_WITHIN)
    begin = time.time()
    with watched(shop, CASE.name, tmp_path / "prometheus") as alerts:
        tasks(alerts)
        poison_task(alerts)
        queues(alerts)
        tasks(alerts)
        sidecar(alerts)
        beat(alerts)
        second_beat(alerts, tmp_path / "prometheus" / TARGETS)
        tasks(alerts)
        drain(alerts)
        broker(alerts)
        dashboards(alerts, begin)


def tasks(alerts: Watched) -> None:
    """Tasks that succeed, fail and come again, for the dashboards."""
    orders: list[tuple[str, list[Any]]] = [("place_order", [1]), ("place_order", []), ("send_email", [1, 1])]
    sent = [(f"shop.tasks.{name}", arguments, CASE.name) for name, arguments in orders]
    send(alerts.shop, BROKER_URL, sent * 10)


def dashboards(alerts: Watched, begin: float) -> None:
    """The queries of the dashboards have answers. `make dashboard-pictures` draws them."""
    chosen = {
        "namespace": alerts.shop.namespace,
        "resource": CASE.name,
        "queue": "small",
        "name": "shop.tasks.place_order",
        "__rate_interval": "30s",
    }
    url, end = f"http://127.0.0.1:{alerts.prometheus.port}", time.time()
    without = [query for one in DASHBOARDS for _, query in keep(url, one, chosen, begin, end)]
    assert [query for query in without if not any(name in query for name in NOT_COUNTED)] == []


def poison_task(alerts: Watched) -> None:
    """A task kills its workers, its message is put aside, and a person drops it."""
    shop = alerts.shop
    send(shop, BROKER_URL, [CASE.poison()])
    queue = f"{CASE.name}.dead-letter"

    poison = alerts.until_it_fires("CeleryPoisonTask")
    letters = alerts.until_it_fires("CeleryDeadLetters", queue=queue)

    assert poison["summary"] == f"A task kills the workers of {shop.namespace}/{CASE.name}"
    assert letters["description"] == (
        f"1 message of a poison task waits in queue {queue}. "
        "No worker runs its task until a person puts the message back or drops it."
    )
    code, output = kubectl_celery(shop, "dead-letter", CASE.name, "drop", "--all", "--yes")
    assert code == 0, output
    alerts.until_it_ends("CeleryDeadLetters", queue=queue)


def queues(alerts: Watched) -> None:
    """Messages wait for a group without pods, and too many for a group that gets no more than one."""
    shop = alerts.shop
    shop.send("shop.tasks.place_order", 1, queue="asleep")
    shop.send("shop.tasks.build_report", 1, queue="small", count=300)

    unread = alerts.until_it_fires("CeleryQueueNotConsumed", queue="asleep")
    full = alerts.until_it_fires("CeleryGroupAtMaximum")

    where = f"{shop.namespace}/{CASE.name}"
    assert unread["summary"] == f"No worker consumes a queue of {where}"
    assert full["summary"] == f"A group of {where} is at its maximum and needs more workers"
    shop.redis("DEL", "asleep", "small")
    alerts.until_it_ends("CeleryQueueNotConsumed", queue="asleep")
    alerts.until_it_ends("CeleryGroupAtMaximum")


def sidecar(alerts: Watched) -> None:
    """The network between the operator and a sidecar drops all packets."""
    shop = alerts.shop
    (pod,) = shop.pods(CASE.name, CASE.name)
    with faults.cut_off(pod, "probe", PROBE_PORT):
        unreachable = alerts.until_it_fires("CelerySidecarUnreachable", group=CASE.name)

    assert unreachable["description"].startswith(
        f"The sidecar of 1 pod in group {CASE.name} of {shop.namespace}/{CASE.name} does not answer"
    )
    alerts.until_it_ends("CelerySidecarUnreachable", group=CASE.name)


def pod_of_beat(shop: Shop) -> Object:
    selector = f"app.kubernetes.io/instance={CASE.name},app.kubernetes.io/component=beat"
    (found,) = shop.kube.list(shop.namespace, "pods", selector)
    return found


def beat(alerts: Watched) -> None:
    """Beat hangs until the kubelet restarts it."""
    shop = alerts.shop
    faults.signal_main(pod_of_beat(shop), "beat", signal.SIGSTOP)

    late = alerts.until_it_fires("CeleryBeatLate")

    assert late["summary"] == f"Beat of {shop.namespace}/{CASE.name} is late or does not run"
    alerts.until_it_ends("CeleryBeatLate")


def second_beat(alerts: Watched, targets: Path) -> None:
    """A person starts a copy of beat's pod, which no StatefulSet owns."""
    shop, name = alerts.shop, "second-beat"
    pod = pod_of_beat(shop)
    labels = {key: value for key, value in pod["metadata"]["labels"].items() if "pod" not in key}
    own = {"nodeName", "hostname", "subdomain"}
    copy = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {key: value for key, value in pod["spec"].items() if key not in own},
    }
    shop.kube.apply(shop.namespace, copy)
    shop.kube.run(
        "-n", shop.namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s", timeout=70
    )
    write_targets(shop.kube, [shop.namespace, SYSTEM], targets)

    doubled = alerts.until_it_fires("CeleryBeatDoubled")

    assert doubled["summary"] == f"{shop.namespace}/{CASE.name} has more than one beat"
    shop.kube.run("-n", shop.namespace, "delete", "pod", name, "--wait=true")
    write_targets(shop.kube, [shop.namespace, SYSTEM], targets)
    alerts.until_it_ends("CeleryBeatDoubled")


def drain(alerts: Watched) -> None:
    """The pod of a group that is to have none cannot go, because another program holds it."""
    shop = alerts.shop
    (pod,) = shop.pods("held", CASE.name)
    name = pod["metadata"]["name"]
    shop.kube.patch(shop.namespace, "pod", name, {"metadata": {"finalizers": ["example.com/backup"]}})
    smaller = running_case()
    (held,) = (one for one in smaller["spec"]["workers"] if one["name"] == "held")
    held["replicas"] = 0
    shop.apply(smaller)

    overdue = alerts.until_it_fires("CeleryDrainOverdue", group="held")

    assert overdue["description"].startswith(
        f"A pod in group held of {shop.namespace}/{CASE.name} is still draining, "
    )
    shop.kube.patch(shop.namespace, "pod", name, {"metadata": {"finalizers": None}})
    alerts.until_it_ends("CeleryDrainOverdue", group="held")


def broker(alerts: Watched) -> None:
    """Redis is shut down."""
    with broker_faults.away(alerts.shop):
        unreachable = alerts.until_it_fires("CeleryBrokerUnreachable")
        down = alerts.until_it_fires("CeleryWorkersDown", group=CASE.name)

    where = f"{alerts.shop.namespace}/{CASE.name}"
    assert unreachable["summary"] == f"The broker of {where} cannot be reached"
    assert down["summary"] == f"No worker of {where} is consuming"
    alerts.until_it_ends("CeleryBrokerUnreachable")
    alerts.until_it_ends("CeleryWorkersDown", group=CASE.name)


@pytest.mark.disruptive
def test_an_operator_that_is_gone_fires_until_one_leads_again(kube: Kube, tmp_path: Path) -> None:
    deployment = kube.get(SYSTEM, "deployment", "celery-operator")
    assert deployment is not None

    def scale(replicas: int) -> None:
        kube.run("-n", SYSTEM, "scale", "deployment/celery-operator", f"--replicas={replicas}")

    with prometheus(tmp_path / "prometheus", configuration(kube, tmp_path / "prometheus")) as server:

        def fires() -> dict[str, Any] | None:
            return server.firing("CeleryOperatorAbsent")

        wait_for(lambda: server.targets().get("celery-operator") == "up" and not fires(), ALERT_SECONDS)
        scale(0)
        try:
            alert = wait_for(fires, ALERT_SECONDS, server.alerts)
        finally:
            scale(deployment["spec"]["replicas"])
        # The new pods have new addresses.
        wait_for(
            lambda: write_targets(kube, [SYSTEM], tmp_path / "prometheus" / TARGETS) and not fires(),
            ALERT_SECONDS,
            server.alerts,
            interval=1,
        )

    assert alert["annotations"]["summary"] == "No celery-operator is the leader"
