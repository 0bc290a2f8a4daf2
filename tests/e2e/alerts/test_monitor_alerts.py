"""Real faults in a cluster that monitor and sidecars show, or a failing operator.

A real Prometheus fires and ends the alerts. The monitor sends one of them itself, by mail and to a webhook.
"""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.testbed import faults
from tools.testbed.kube import Object
from tools.testbed.shop import Shop, celery_deployment, group
from tools.testbed.waiting import wait_for

from celery_health.wire.names import MONITOR_CLIENT
from tests.e2e.alerts.sent import channels, mailed, posted, receiving, until_sent
from tests.e2e.alerts.watched import Watched, watched
from tests.e2e.test_monitor import READY_WITHIN
from tests.support.receivers.in_thread import Receivers
from tests.support.refused_status import binding, policy

NAME = "shop"
SILENT = "silent"
SILENT_BROKER = "redis://redis:6379/3"
GROUPS = [group("frozen", concurrency=1), group(), group("small", concurrency=1)]
RULES = {"CeleryOldestWaitAboveTarget": {"for": "3s", "seconds": 5}}
"""Of the monitor itself."""
ENDLESS_SECONDS = 3600
STUCK = "11111111-aaaa-4bbb-8ccc-222222222222"
STUCK_LABELS = {"name": "shop.tasks.build_report"}
CUT_OFF = (
    "redis-cli client list | sed -n 's/^id=\\([0-9]*\\) .*name=" + MONITOR_CLIENT + ".*/\\1/p' | "
    "while read id; do redis-cli client kill id $id; done"
)


def running(to: Receivers) -> Object:
    """The application: one group is for each fault, and the monitor sends its alerts."""
    variables = [{"name": "CELERY_MONITOR_ALERT_RULES", "value": json.dumps(RULES)}]
    monitor = {"name": "monitor", "env": variables}
    return celery_deployment(
        NAME,
        workers=GROUPS,
        monitor={
            "enabled": True,
            "alerts": channels(to),
            "template": {"spec": {"containers": [monitor]}},
        },
    )


def silent() -> Object:
    """Another application, whose worker sends no events until it runs a task."""
    quiet = ["--without-heartbeat", "--without-gossip", "--without-mingle"]
    return celery_deployment(
        SILENT,
        broker={"url": SILENT_BROKER},
        workers=[group(SILENT, args=quiet, concurrency=1)],
        monitor={"enabled": True, "access": {"publicMetrics": True}},
    )


def test_each_fault_of_tasks_and_of_the_monitor_fires_its_alert(shop: Shop, tmp_path: Path) -> None:
    with receiving(shop) as to:
        names = (NAME, SILENT)
        shop.kube.apply(shop.namespace, running(to), silent())
        for name in names:
            shop.wait_ready(name)
            shop.wait_condition("MonitorReady", "True", name=name, timeout=READY_WITHIN)
        with watched(shop, NAME, tmp_path / "prometheus") as alerts:
            # What takes its time begins first.
            freeze(shop)
            start_without_agent(shop)
            failures(alerts)
            slow_tasks(alerts)
            long_queue(alerts, to)
            restarts(alerts)
            stuck_task(alerts)
            no_events(alerts)
            no_agent(alerts)
            monitor_that_hangs(alerts)
            stuck_task_that_has_ended(alerts)
            failing_operator(alerts)
        sent(shop, to)


def freeze(shop: Shop) -> None:
    """A worker that runs a task hangs, until the kubelet has restarted it."""
    run_as(shop, STUCK, ENDLESS_SECONDS, "frozen")
    (pod,) = shop.pods("frozen")
    name = pod["metadata"]["name"]
    wait_for(lambda: shop.report(name)["report"]["active_count"] == 1, interval=1)
    faults.signal_main(pod, "worker", signal.SIGSTOP)


def run_as(shop: Shop, task_id: str, seconds: int, queue: str) -> None:
    """Send a task with this id."""
    task = f"'shop.tasks.build_report', ({seconds},), queue={queue!r}, task_id={task_id!r}"
    shop.python(f"from shop.celery import app; app.send_task({task})")


def restarts(alerts: Watched) -> None:
    """The restart counts for an hour, so the end of the alert is left to the rules' own tests."""
    again = alerts.until_it_fires("CeleryWorkersRestartRepeatedly", group="frozen")

    assert again["summary"] == f"Workers of {alerts.where} are restarted again and again"


def stuck_task(alerts: Watched) -> None:
    """The task of the worker that was restarted never ends, until it is sent once more."""
    stuck = alerts.until_it_fires("CeleryTasksStuck", **STUCK_LABELS)

    assert stuck["description"].startswith(
        f"1 started task shop.tasks.build_report of {alerts.where} is stuck: "
    )
    run_as(alerts.shop, STUCK, 0, "default")


def stuck_task_that_has_ended(alerts: Watched) -> None:
    """The monitor counts stuck tasks once a minute."""
    alerts.until_it_ends("CeleryTasksStuck", **STUCK_LABELS)


def failures(alerts: Watched) -> None:
    """Most tasks of a name fail, and later most succeed."""
    shop, labels = alerts.shop, {"name": "shop.tasks.place_order"}
    rate = alerts.until_it_fires(
        "CeleryHighFailureRate", lambda: shop.send("shop.tasks.place_order", count=20), **labels
    )

    assert rate["summary"] == f"Many tasks of {alerts.where} fail"
    alerts.until_it_ends(
        "CeleryHighFailureRate", lambda: shop.send("shop.tasks.place_order", 1, count=200), **labels
    )


def slow_tasks(alerts: Watched) -> None:
    """Runs last for longer than the limit, and later most are short."""
    shop, labels = alerts.shop, {"name": "shop.tasks.resize_image"}
    slow = alerts.until_it_fires(
        "CelerySlowTasks", lambda: shop.send("shop.tasks.resize_image", 1.5, count=2), **labels
    )

    assert re.fullmatch(
        rf"The slowest 5 % of the runs of shop\.tasks\.resize_image in {re.escape(alerts.where)} take "
        r"\d+ s or more\. The limit is 1 s\.",
        slow["description"],
    )
    alerts.until_it_ends(
        "CelerySlowTasks", lambda: shop.send("shop.tasks.resize_image", 0.001, count=200), **labels
    )


def long_queue(alerts: Watched, to: Receivers) -> None:
    """More messages wait than a group can run in time, until they are purged. The monitor reports that."""
    shop, labels = alerts.shop, {"queue": "small"}
    shop.send("shop.tasks.clean_up", queue="small")
    shop.send("shop.tasks.import_catalog", 1, 60, queue="small", count=150)

    long = alerts.until_it_fires("CeleryHighQueueDepth", **labels)
    waiting = alerts.until_it_fires("CeleryOldestWaitAboveTarget", **labels)

    assert long["summary"] == f"A queue of {alerts.where} is long"
    assert re.fullmatch(
        rf"The oldest message in queue small of {re.escape(alerts.where)} has waited for \d+ s\. "
        r"The target is 5 s\.",
        waiting["description"],
    )
    until_sent(shop, to, "CeleryOldestWaitAboveTarget", waiting["summary"], 1)
    shop.redis("DEL", "small")
    alerts.until_it_ends("CeleryHighQueueDepth", **labels)
    alerts.until_it_ends("CeleryOldestWaitAboveTarget", **labels)


def sent(shop: Shop, to: Receivers) -> None:
    """Each receiver has the alert of the long queue once, and its end once."""
    name, summary = "CeleryOldestWaitAboveTarget", f"Tasks of {shop.namespace}/{NAME} wait too long"
    until_sent(shop, to, name, summary, 2)
    assert posted(to, name) == ["firing", "resolved"]
    # The end may come with another alert that fires.
    assert len(mailed(to, summary)) == 2


def pod_of_monitor(shop: Shop, name: str) -> Object:
    selector = f"app.kubernetes.io/instance={name},app.kubernetes.io/component=monitor"
    (found,) = shop.kube.list(shop.namespace, "pods", selector)
    return found


def monitor_that_hangs(alerts: Watched) -> None:
    """The monitor hangs for some seconds, and Redis drops its connections, so it misses what happens.

    Lost events count for ten minutes, so the end of that alert is left to the rules' own tests.
    """
    shop, pod = alerts.shop, pod_of_monitor(alerts.shop, NAME)
    faults.signal_main(pod, "monitor", signal.SIGSTOP)
    try:
        hangs = alerts.until_it_fires("CeleryMonitorNotReady")
        shop.redis_shell(CUT_OFF)
        shop.results(shop.send("shop.tasks.clean_up", count=20))
    finally:
        faults.signal_main(pod, "monitor", signal.SIGCONT)

    assert hangs["summary"] == f"The monitor of {alerts.where} does not work"
    alerts.until_it_ends("CeleryMonitorNotReady")
    lost = alerts.until_it_fires("CeleryMonitorLosesEvents")
    assert f"the monitor of {alerts.where} has lost events" in lost["description"]


def no_events(alerts: Watched) -> None:
    """A worker runs, and sends the monitor nothing until it runs a task."""
    shop, other = alerts.shop, Watched(alerts.shop, SILENT, alerts.prometheus)

    blind = other.until_it_fires("CeleryMonitorBlind")

    assert blind["summary"] == f"The monitor of {other.where} sees no events"
    shop.send("shop.tasks.clean_up", queue=SILENT, broker=SILENT_BROKER)
    other.until_it_ends("CeleryMonitorBlind")


def start_without_agent(shop: Shop) -> None:
    """A command of the user starts a worker without the agent."""
    command = ["celery", "-A", "shop.celery", "worker", "-Q", "plain", "-c", "1"]
    template = {"spec": {"containers": [{"name": "worker", "command": command}]}}
    shop.change({"workers": [*GROUPS, group("plain", concurrency=1, template=template)]})


def no_agent(alerts: Watched) -> None:
    """The group whose workers have no agent is taken away."""
    absent = alerts.until_it_fires("CeleryAgentAbsent")

    assert absent["summary"] == f"Workers of {alerts.where} do not report"
    alerts.shop.change({"workers": GROUPS})
    alerts.until_it_ends("CeleryAgentAbsent")


@contextmanager
def refused_status(shop: Shop) -> Iterator[None]:
    """The API server refuses each status that names a broker."""
    objects = (policy(shop.namespace), binding(shop.namespace))
    shop.kube.apply(shop.namespace, *objects)
    try:
        yield
    finally:
        for one in reversed(objects):
            shop.kube.run("delete", one["kind"], one["metadata"]["name"], "--wait=false")


def failing_operator(alerts: Watched) -> None:
    """The errors count for ten minutes, so the end of the alert is left to the rules' own tests."""
    with refused_status(alerts.shop):
        alerts.shop.change({"workers": GROUPS[1:]})
        failing = alerts.until_it_fires("CeleryOperatorFailing", reconcile="health")

    assert failing["summary"] == f"The operator fails to reconcile {alerts.where}"
