"""``celery-health`` on real workers of the oldest and the newest Celery that the examples run."""

from pathlib import Path

import pytest
from celery import Celery

from tests.integration.cli.harness import Outcome, run, worker
from tests.support.celery_worlds import CELERY_5_3, CELERY_5_6, World
from tests.support.servers import rabbit_server, redis_server
from tests.support.waiting import wait_for

WORLDS = pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_6], ids=lambda world: world.celery)


def health(broker: str, *arguments: str) -> Outcome:
    return run("-A", "cli_shop", "--format", "json", *arguments, broker=broker)


def wait_until(broker: str, code: int, *arguments: str) -> Outcome:
    def ended() -> Outcome | None:
        outcome = health(broker, *arguments)
        return outcome if outcome.code == code else None

    return wait_for(ended, 60.0, lambda: f"exit code {code}; last: {health(broker, *arguments)}")


@WORLDS
def test_on_redis_no_worker_a_worker_and_a_backlog(world: World, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        nobody = health(redis.url)
        assert (nobody.code, nobody.reasons) == (2, {"NoWorkers"})

        with worker(tmp_path / "worker", world, redis.url):
            well = wait_until(redis.url, 0)
            assert [one["queues"] for one in well.document["workers"]] == [["celery"]]
            assert well.document["took_seconds"] < 1.0

            tested = health(redis.url, "--test-tasks", "--check-redis")
            assert tested.code == 0
            assert [(trip["queue"], trip["ok"]) for trip in tested.document["test_tasks"]] == [
                ("celery", True)
            ]
            assert tested.document["redis"]["version"]

            with Celery("producer", broker=redis.url) as app:
                for _ in range(40):
                    app.send_task("cli_shop.nap", args=[30], queue="celery")
            late = wait_until(redis.url, 1, "--backlog-threshold", "5")
            assert "AboveThreshold" in late.reasons

            shown = run("-A", "cli_shop", "monitor", broker=redis.url)
            assert "cli_shop.nap" in shown.out


def test_a_worker_that_is_deaf_after_its_redis_restarted_is_not_healthy(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "worker", CELERY_5_3, redis.url, ["--pool", "threads"]),
    ):
        wait_until(redis.url, 0)
        redis.restart()
        # This version does not come back to remote control either: Redis shows no sign of it.
        deaf = wait_until(redis.url, 2)
        assert deaf.reasons & {"NoWorkers", "NoWorkerConsumes"}


def test_a_busy_solo_worker_is_silent_and_not_dead(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "worker", CELERY_5_6, redis.url, ["--pool", "solo"]),
    ):
        wait_until(redis.url, 0)
        with Celery("producer", broker=redis.url) as app:
            app.send_task("cli_shop.nap", args=[60], queue="celery")
        silent = wait_until(redis.url, 2)
        assert silent.reasons == {"WorkersUnknown"}
        assert silent.document["status"] == "unknown"
        assert silent.document["silent_workers"]


def test_the_plugin_of_celery_says_the_same(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "worker", CELERY_5_6, redis.url),
    ):
        wait_until(redis.url, 0)
        summary = run("-A", "cli_shop", "health", "--format", "summary", program="celery", broker=redis.url)
        assert summary.code == 0
        assert summary.out.startswith("healthy: 1 worker takes messages")
        monitor = run("-A", "cli_shop", "monitor", program="celery", broker=redis.url)
        assert monitor.code == 0
        assert "Queues" in monitor.out


def test_without_the_application_workers_are_found_by_the_broker_alone(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "worker", CELERY_5_6, redis.url, ["-Q", "mail"]),
    ):
        wait_until(redis.url, 0, "--queue", "mail")
        found = run("--format", "json", REDIS_URL=redis.url)
        assert found.code == 0
        assert [queue["name"] for queue in found.document["queues"]] == ["mail"]


def test_on_rabbitmq_no_worker_and_a_worker(tmp_path: Path) -> None:
    with rabbit_server(tmp_path / "rabbit") as rabbit:
        assert run("--broker", rabbit.url, "--format", "json").reasons == {"NoWorkers"}
        with worker(tmp_path / "worker", CELERY_5_6, rabbit.url):

            def well() -> bool:
                return run("--broker", rabbit.url).code == 0

            wait_for(well, 60.0, "the worker is found")
