"""What test tasks show: each its own time, and nothing where it is behind other tasks."""

from pathlib import Path

from celery import Celery
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import Outcome, run, worker
from tests.integration.configurations.configured import TIMEOUT_SECONDS, a_worker, health, log, messages

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


def test_behind_the_tasks_of_a_busy_worker_a_test_task_proves_nothing(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        settings = {"broker_url": redis.url, "result_backend": redis.url}
        with a_worker(tmp_path / "worker", settings), Celery("producer", broker=redis.url) as producer:
            for _ in range(2):
                producer.send_task("cli_configured.nap", args=[600])
            started = "cli_configured.nap["
            wait_for(lambda: log(tmp_path / "worker").count(started) >= 2, 60.0, "both tasks")
            found = wait_for(lambda: with_full_slots(settings), 60.0, "full slots")
    assert (found.code, found.document["status"]) == (1, "unknown"), messages(found)
    assert "runs 2 tasks in 2 slots" in messages(found)


def with_full_slots(settings: dict[str, str]) -> Outcome | None:
    """The outcome of a check with a test task, if the worker has answered that it runs two tasks."""
    found = health(settings, "--test-tasks", "--timeout", "10")
    return found if [one["active_count"] for one in found.document["workers"]] == [2] else None


def test_a_user_who_may_not_send_to_queues_is_the_cause(tmp_path: Path) -> None:
    names = "^(celery|celeryev.*|.*pidbox)$"
    with rabbit_server(tmp_path / "rabbit") as rabbit, redis_server(tmp_path / "redis") as redis:
        rabbit.control("add_user", "few", "hunter2")
        rabbit.control("set_permissions", "few", names, names, names)
        broker = f"amqp://few:hunter2@127.0.0.1:{rabbit.port}//"
        settings = {"broker_url": broker, "result_backend": redis.url}
        with a_worker(tmp_path / "worker", settings):
            found = health(settings, "--test-tasks", "--timeout", "10")
    assert found.code == 2
    assert "cannot be sent: AccessRefused" in messages(found)
    assert "access to exchange 'amq.default'" in messages(found)
