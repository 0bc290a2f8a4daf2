"""Real faults that the monitor shows where no operator is: the alert of Prometheus fires and is resolved."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis

from celery_health.wire.names import MONITOR_CLIENT
from tests.integration.alerts.real_shop import SHOP, Shop

ELSEWHERE = "elsewhere"


def test_messages_that_no_worker_consumes_fire_until_they_are_gone(shop: Shop) -> None:
    labels = {**SHOP, "queue": ELSEWHERE}
    shop.app.conf.task_send_sent_event = True
    shop.app.send_task("agent_metrics.nothing", (7,), queue=ELSEWHERE)

    unread = shop.until_it_fires("CeleryQueueNotConsumed", **labels)
    waits = shop.until_it_fires("CeleryOldestWaitAboveTarget", **labels)

    assert unread["labels"]["severity"] == "critical"
    assert unread["annotations"]["description"] == (
        "Messages wait in queue elsewhere of shop, and no worker consumes it. Their tasks are not run."
    )
    assert re.fullmatch(
        r"The oldest message in queue elsewhere of shop has waited for \d+ s\. The target is 1 s\.",
        waits["annotations"]["description"],
    )
    with Redis(port=shop.redis.port) as client:
        client.delete(ELSEWHERE)
    shop.until_it_is_resolved("CeleryQueueNotConsumed", **labels)
    shop.until_it_is_resolved("CeleryOldestWaitAboveTarget", **labels)


def test_slow_runs_fire_until_most_runs_are_quick(shop: Shop) -> None:
    name, labels = "CelerySlowTasks", {**SHOP, "name": "agent_metrics.perilous"}
    with Redis(port=shop.redis.port) as client:

        def run_slowly() -> None:
            # It is acknowledged at its end: one at a time.
            if not client.hlen("unacked"):
                shop.app.send_task("agent_metrics.perilous", (7, 3))

        def run_quickly() -> None:
            for _ in range(20):
                shop.app.send_task("agent_metrics.perilous", (7, 0))

        alert = shop.until_it_fires(name, run_slowly, **labels)

        assert re.fullmatch(
            r"The slowest 5 % of the runs of agent_metrics\.perilous in shop take \d+ s or more\. "
            r"The limit is 1 s\.",
            alert["annotations"]["description"],
        )
        shop.until_it_is_resolved(name, run_quickly, **labels)


@contextmanager
def frozen(shop: Shop) -> Iterator[None]:
    """The monitor neither answers nor ends."""
    assert shop.monitor.process is not None
    shop.monitor.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        shop.monitor.process.send_signal(signal.SIGCONT)


def test_a_monitor_that_hangs_fires_until_it_answers(shop: Shop) -> None:
    with frozen(shop):
        alert = shop.until_it_fires("CeleryMonitorNotReady", **SHOP)
    assert alert["annotations"]["summary"] == "The monitor of shop does not work"
    shop.until_it_is_resolved("CeleryMonitorNotReady", **SHOP)


def test_events_that_are_lost_on_their_way_fire(shop: Shop) -> None:
    """They count for ten minutes, so the end of the alert is left to the rules' own tests."""
    with Redis(port=shop.redis.port) as client:

        def cut_off() -> None:
            """Redis drops the connection of the monitor, which misses what is sent until it is back."""
            for one in client.client_list():
                if one["name"].startswith(MONITOR_CLIENT):
                    client.client_kill_filter(_id=one["id"])
            for _ in range(20):
                shop.app.send_task("agent_metrics.nothing", (7,))

        alert = shop.until_it_fires("CeleryMonitorLosesEvents", cut_off, **SHOP)

    assert "the monitor of shop has lost events" in alert["annotations"]["description"]
