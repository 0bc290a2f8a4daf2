"""A broker, a worker and the monitor as processes: what tasks do can be read over REST."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from tests.integration.monitor.monitor_process import Monitor, monitor, worker

QUEUES = ("-Q", "default,email,media,reports,maintenance")
TASK_SECONDS = 90.0


@pytest.fixture(scope="module")
def variables(redis: RedisServer) -> dict[str, str]:
    return {"CELERY_BROKER_URL": redis.database(0), "CELERY_RESULT_BACKEND": redis.database(1)}


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str], app: Celery
) -> Iterator[Monitor]:
    home = tmp_path_factory.mktemp("monitor")
    with (
        # The threads pool loses events.
        worker(home / "worker", variables, *QUEUES, "-n", "a@%h", "-P", "prefork", "-c", "4"),
        monitor(home / "monitor", variables=variables) as found,
    ):
        wait_for(lambda: _is_consuming(found), 120, found.text)
        tried: list[str] = []

        def sends_events() -> bool:
            """The monitor switches task events on. No event shows what the worker did before."""
            tried.append(sent(app, "place_order", 1))
            return any(found.task(one) is not None for one in tried)

        wait_for(sends_events, 120, found.text, interval=1.0)
        yield found


@pytest.fixture(scope="module")
def app(variables: dict[str, str]) -> Celery:
    # An application with a result backend would subscribe to the result of each task that it sends.
    return Celery("sender", broker=variables["CELERY_BROKER_URL"])


def _is_consuming(found: Monitor) -> bool:
    return any(one["online"] and one["queues"] for one in found.get("/workers")["workers"])


def sent(app: Celery, name: str, *args: Any, **options: Any) -> str:
    queue = options.pop("queue", "default")
    return str(app.send_task(f"shop.tasks.{name}", args=args, queue=queue, **options).id)


def until(running: Monitor, task_id: str, state: str) -> Any:
    def reached() -> Any:
        task = running.task(task_id)
        return task if task is not None and task["state"] == state else None

    return wait_for(reached, TASK_SECONDS, lambda: f"{running.task(task_id)}\n{running.text()}")


def test_a_success_is_shown_with_its_run(running: Monitor, app: Celery) -> None:
    task = until(running, sent(app, "place_order", 7), "SUCCESS")
    assert task["name"] == "shop.tasks.place_order"
    assert "order 7 placed" in task["result"]
    [run] = task["runs"]
    assert run["worker"].startswith("a@")
    assert run["received"] <= run["started"] <= run["finished"]


def test_a_failure_is_shown_with_its_traceback(running: Monitor, app: Celery) -> None:
    task = until(running, sent(app, "charge_card", 8), "FAILURE")
    assert "PaymentRefusedError" in task["exception"]
    assert "charge_card" in task["traceback"]


def test_a_retried_task_has_two_runs(running: Monitor, app: Celery) -> None:
    task = until(running, sent(app, "send_email", 9, 1), "SUCCESS")
    assert [run["outcome"] for run in task["runs"]] == ["RETRY", "SUCCESS"]
    assert [run["retries"] for run in task["runs"]] == [0, 1]


def test_a_revoked_task_is_shown(running: Monitor, app: Celery) -> None:
    # A worker reports a revoked task when the time of the task comes, and not before.
    task_id = sent(app, "clean_up", countdown=20)
    until(running, task_id, "RECEIVED")
    app.control.revoke(task_id)
    until(running, task_id, "REVOKED")


def test_a_task_that_expired_says_so(running: Monitor, app: Celery) -> None:
    task_id = sent(app, "clean_up", expires=-5)
    task = until(running, task_id, "REVOKED")
    assert (task["reason"], [run["reason"] for run in task["runs"]]) == ("expired", ["expired"])
    assert running.get(f"/tasks/{task_id}/why")["reason"] == "Expired"


def test_lists_and_sums_show_the_tasks(running: Monitor, app: Celery) -> None:
    until(running, sent(app, "charge_card", 10), "FAILURE")

    def listed() -> set[str]:
        # A task itself is also shown before the history has it.
        return {one["state"] for one in running.get("/tasks?state=failure&name=shop.*")["tasks"]}

    assert wait_for(listed, 60, running.text) == {"FAILURE"}
    wait_for(
        lambda: [one["slots"] for one in running.get("/workers")["workers"]] == [4],
        60,
        lambda: running.get("/workers"),
    )
    wait_for(
        lambda: any(
            one["name"] == "default" and one["ready"] == 0 for one in running.get("/queues")["queues"]
        ),
        60,
        lambda: running.get("/queues"),
    )


def test_the_probes_are_green_and_the_metrics_count(running: Monitor, app: Celery) -> None:
    until(running, sent(app, "place_order", 11), "SUCCESS")
    wait_for(lambda: running.request("/readyz", None)[0] == 200, 60, lambda: running.request("/readyz", None))
    status, text = running.request("/metrics")
    assert status == 200
    assert "celery_task_succeeded_total{" in text
    assert running.request("/metrics", None)[0] == 401


def test_the_history_outlives_the_monitor_and_a_signal_ends_it_in_time(
    tmp_path: Path, redis: RedisServer
) -> None:
    variables = {"CELERY_BROKER_URL": redis.database(2), "CELERY_RESULT_BACKEND": redis.database(3)}
    app = Celery("sender", broker=redis.database(2))
    with worker(tmp_path / "worker", variables, *QUEUES, "-E", "-P", "solo", "-n", "b@%h"):
        with monitor(tmp_path / "monitor", variables=variables) as first:
            wait_for(lambda: _is_consuming(first), 120, first.text)
            task_id = sent(app, "place_order", 12)
            until(first, task_id, "SUCCESS")
            begun = time.monotonic()
            assert first.stop(signal.SIGTERM) == 0
            assert time.monotonic() - begun < 5 + BUSY_SECONDS
            assert first.text().rstrip().endswith("ended")
        with monitor(tmp_path / "monitor", variables=variables) as second:
            assert second.task(task_id)["state"] == "SUCCESS"
            assert second.stop(signal.SIGINT) == 0
