"""Counters never go back and lose nothing: children are killed and replaced, and workers restarted."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_health.task_metrics.files import read_folder
from tests.integration.agent.harness import AgentWorker, agent_worker, producer
from tests.integration.agent.task_metrics.counted import (
    ARGUMENTS,
    counters,
    events_by_id,
    ledger,
    metrics_folder,
    sdk_path,
)

# Manually also with TEST_KILL_SECONDS=300 and --timeout=900.
KILL_SECONDS = float(os.environ.get("TEST_KILL_SECONDS", "10"))
# Manually also with TEST_VALUES=50000, which takes some minutes, most of them for sending.
VALUES = int(os.environ.get("TEST_VALUES", "3000"))


def total(counted: Counter[str], task: str, *events: str) -> int:
    return sum(counted[f"{task} {event}"] for event in events)


def without_going_back(worker: AgentWorker, before: Counter[str]) -> Counter[str]:
    """The counters of now, none of them smaller than before."""
    now = counters(metrics_folder(worker))
    assert all(now[name] >= count for name, count in before.items()), f"{before}\n{now}"
    return now


def keep_up(worker: AgentWorker, task: str, started: int) -> None:
    """Wait until the worker has started more than ``started`` runs of the task."""
    wait_for(lambda: ledger(worker)[f"{task} started"] > started, 60, worker.log)


def wait_for_ends(worker: AgentWorker, task: str, sent: int) -> None:
    """Wait until each task that was sent is counted as started, and as ended."""
    folder = metrics_folder(worker)

    def all_ended() -> bool:
        now = counters(folder)
        return total(now, task, "completed", "WorkerLostError") == now[f"{task} started"] == sent

    wait_for(all_ended, 60, lambda: f"{counters(folder)} of {sent}\n{worker.log()}")


def wait_for_counters(worker: AgentWorker, expected: Counter[str]) -> None:
    """Wait until the file has exactly these numbers."""
    folder = metrics_folder(worker)
    wait_for(lambda: counters(folder) == expected, 60, lambda: f"{counters(folder)}\n{worker.log()}")


def test_children_that_kill_themselves_at_random_leave_every_counter_as_the_tasks_wrote_it(
    tmp_path: Path,
) -> None:
    seen: Counter[str] = Counter()
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path, CELERY_5_6, "prefork", redis.url, arguments=ARGUMENTS, env=sdk_path(tmp_path)
        ) as worker,
    ):
        worker.wait_until_consuming()
        sent, until = 0, time.monotonic() + KILL_SECONDS
        # On a slow machine few are sent in this time, and chance may spare them all.
        while time.monotonic() < until or ledger(worker)["suicide WorkerLostError"] < 10:
            assert time.monotonic() < until + 120, "children end"
            for _ in range(20):
                app.send_task("agent_metrics.suicide", (sent % 7, 0.1))
                sent += 1
            seen = without_going_back(worker, seen)
            keep_up(worker, "suicide", sent - 40)
        wait_for_ends(worker, "suicide", sent)
        seen, noted = without_going_back(worker, seen), events_by_id(worker)
    ends = Counter(f"suicide {events[-1]}" for events in noted.values())
    assert seen == ends + Counter({"suicide started": len(noted)})
    assert len(noted) == sent


def test_children_killed_from_outside_leave_every_run_counted_once(tmp_path: Path) -> None:
    """A kill may fall between a line of the ledger and what Celery learns of it: one run each at most."""
    sent = kills = 0
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path, CELERY_5_6, "prefork", redis.url, arguments=ARGUMENTS, env=sdk_path(tmp_path)
        ) as worker,
    ):
        worker.wait_until_consuming()
        until, seen = time.monotonic() + KILL_SECONDS, Counter[str]()
        while time.monotonic() < until:
            for _ in range(10):
                app.send_task("agent_metrics.perilous", (sent % 7, 0.02))
                sent += 1
            report = worker.report()
            if report and report.pool_pids:
                with suppress(ProcessLookupError):
                    os.kill(random.choice(report.pool_pids), signal.SIGKILL)
                    kills += 1
            seen = without_going_back(worker, seen)
            keep_up(worker, "perilous", sent - 20)
        wait_for_ends(worker, "perilous", sent)
        now, noted = without_going_back(worker, seen), events_by_id(worker)
    completed = sum("completed" in events for events in noted.values())
    assert 0 < now["perilous WorkerLostError"] <= kills
    assert 0 <= completed - now["perilous completed"] <= kills
    assert 0 <= now["perilous started"] - len(noted) <= kills


def test_children_that_run_one_task_each_lose_nothing(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path,
            CELERY_5_6,
            "prefork",
            redis.url,
            arguments=(*ARGUMENTS, "--max-tasks-per-child", "1"),
            env=sdk_path(tmp_path),
        ) as worker,
    ):
        worker.wait_until_consuming()
        for number in range(60):
            app.send_task("agent_metrics.charge", (number % 3,))
        expected = Counter({"charge started": 60, "charge completed": 60})
        wait_for_counters(worker, expected)
        assert ledger(worker) == expected


def test_a_worker_that_starts_again_in_its_pod_goes_on_counting(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path, CELERY_5_6, "prefork", redis.url, arguments=ARGUMENTS, env=sdk_path(tmp_path)
        ) as worker,
    ):
        for life in (1, 2, 3):
            worker.wait_until(lambda report: report.phase == "consuming" and report.processed == 0)
            for _ in range(10):
                app.send_task("agent_metrics.charge", ("7",))
            expected = Counter({"charge started": 10 * life, "charge completed": 10 * life})
            wait_for_counters(worker, expected)
            worker.end()
            assert counters(metrics_folder(worker)) == expected
            worker.start()


def test_the_values_of_a_hostile_argument_stay_within_the_cap(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path,
            CELERY_5_6,
            "threads",
            redis.url,
            arguments=(*ARGUMENTS, "--loglevel", "WARNING"),
            env={**sdk_path(tmp_path), "TEST_VALUES": "20", "TEST_PREFETCH": "200"},
        ) as worker,
    ):
        worker.wait_until_consuming()
        with app.connection_for_write() as connection, app.amqp.Producer(connection) as sender:
            for number in range(VALUES):
                app.send_task(
                    "agent_metrics.nothing", (f"customer-{number}-" + "x" * (number % 90),), producer=sender
                )
        wait_for(
            lambda: counters(metrics_folder(worker))["nothing completed"] == VALUES,
            VALUES / 20,
            lambda: f"{counters(metrics_folder(worker))}\n{worker.log()}",
        )
        (document,) = read_folder(metrics_folder(worker)).documents
        assert len(document.runs) == 21
        assert document.folded == VALUES - 20
        assert max(len(row.value) for row in document.runs) <= 64
