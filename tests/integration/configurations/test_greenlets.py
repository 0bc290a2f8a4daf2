"""Pools of greenlets run the health checks of several tasks at the same time, in one thread."""

from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import run, worker
from tests.integration.configurations.configured import messages

QUEUES = "a,b,c,d,e"


@pytest.mark.parametrize("pool", ["gevent", "eventlet"])
def test_the_task_that_checks_from_inside_runs_in_each_queue(pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(
            tmp_path / "worker",
            CELERY_5_6,
            redis.url,
            ["--pool", pool, "--concurrency", "10", "-Q", QUEUES],
            app="cli_checked",
        ),
    ):
        command = ("-A", "cli_checked", "--timeout", "30", "--format", "json")
        # A test task that is sent before the worker is there stays in a queue that it does not consume.
        wait_for(lambda: run(*command, broker=redis.url).document["workers"], 90.0)
        found = run(*command, "--test-tasks", broker=redis.url)
    assert found.code == 0, messages(found)
    assert [trip["ok"] for trip in found.document["test_tasks"]] == [True] * 5
