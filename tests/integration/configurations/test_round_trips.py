"""The time of each test task is that of its own result, whatever the others take."""

from pathlib import Path

from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import run, worker
from tests.integration.configurations.configured import TIMEOUT_SECONDS, log, messages

APP = "cli_timed"
HEALTH = ("-A", APP, "--format", "json", "--timeout", f"{TIMEOUT_SECONDS:g}")
TEST_TASKS = ("--test-tasks", "--task", "cli_timed.check", "--queue", "slow", "--queue", "fast")


def test_a_slow_queue_does_not_count_in_the_time_of_a_fast_one(tmp_path: Path) -> None:
    queues = ("-Q", "slow,fast", "-P", "threads")
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "worker", CELERY_5_6, redis.url, queues, app=APP),
    ):
        wait_for(lambda: " ready." in log(tmp_path / "worker"), 60.0)
        found = run(*HEALTH, *TEST_TASKS, broker=redis.url)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    seconds = {trip["queue"]: trip["seconds"] for trip in found.document["test_tasks"]}
    assert seconds["fast"] < seconds["slow"]
