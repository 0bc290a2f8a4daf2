"""Real faults of a worker: the alerts of Prometheus fire and are resolved."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.testbed.celery_versions import CELERY_5_6

from tests.integration.agent.harness import AgentWorker, agent_worker
from tests.integration.agent.task_metrics.counted import ARGUMENTS, sdk_path
from tests.integration.alerts.real_shop import IN_CLUSTER, SHOP, Shop


def signal_main(worker: AgentWorker, number: signal.Signals) -> None:
    assert worker.process is not None
    worker.process.send_signal(number)


def test_a_worker_that_has_to_be_restarted_fires(shop: Shop) -> None:
    """The restart counts for an hour, so the end of the alert is left to the rules' own tests."""
    signal_main(shop.worker, signal.SIGSTOP)
    try:
        # Without a kubelet this test asks as the liveness probe does.
        alert = shop.until_it_fires(
            "CeleryWorkersRestartRepeatedly", lambda: shop.sidecar.status("/livez"), **IN_CLUSTER
        )
    finally:
        signal_main(shop.worker, signal.SIGCONT)

    assert alert["annotations"]["summary"] == "Workers of market/shop are restarted again and again"
    shop.worker.wait_until_consuming()


def test_a_task_whose_worker_was_killed_is_stuck_until_it_has_run(shop: Shop) -> None:
    labels = {**SHOP, "name": "agent_metrics.perilous"}
    shop.app.send_task("agent_metrics.perilous", (7, 3_600), task_id="killed")
    shop.worker.wait_until(lambda report: report.active_count == 1)
    shop.worker.end()
    try:
        alert = shop.until_it_fires("CeleryTasksStuck", **labels)
    finally:
        shop.worker.start()

    assert alert["annotations"]["description"] == (
        "1 started task agent_metrics.perilous of shop is stuck: it runs far longer than usual or than its "
        "time limit, or its worker is gone."
    )

    def run_again() -> None:
        """The worker sends no events of what it runs at its start."""
        shop.app.send_task("agent_metrics.perilous", (7, 0), task_id="killed")

    shop.until_it_is_resolved("CeleryTasksStuck", run_again, **labels)


@contextmanager
def silent_worker(shop: Shop, home: Path) -> Iterator[AgentWorker]:
    """A worker in the place of the shop's that sends no events until it runs a task."""
    shop.worker.drain_until_empty()
    shop.worker.terminate()
    shop.worker.undrain()
    arguments = (*ARGUMENTS, "--without-heartbeat")
    try:
        with agent_worker(
            home, CELERY_5_6, "prefork", shop.redis.url, arguments=arguments, env=sdk_path(home)
        ) as worker:
            worker.wait_until_consuming()
            yield worker
    finally:
        shop.worker.start()


def test_a_monitor_that_no_event_reaches_fires_until_one_comes(shop: Shop, tmp_path: Path) -> None:
    with silent_worker(shop, tmp_path):
        alert = shop.until_it_fires("CeleryMonitorBlind", **SHOP)
        shop.app.send_task("agent_metrics.nothing", (7,))
        shop.until_it_is_resolved("CeleryMonitorBlind", **SHOP)

    assert alert["annotations"]["summary"] == "The monitor of shop sees no events"
