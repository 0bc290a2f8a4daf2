"""``celery-health`` on real workers of the oldest and the newest Celery that the examples run."""

import gc
import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis as redis_client
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, World
from tools.testbed.servers import rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from celery_health.tasks import NAME as OWN_TASK
from tests.integration.cli.harness import Outcome, run, worker

WORLDS = pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_6], ids=lambda world: world.celery)


TIMEOUT_SECONDS = 30.0
"""The timeout of a command. A check that waits for nothing ends before half of it, also on a busy machine."""
TIMEOUT = ("--timeout", f"{TIMEOUT_SECONDS:g}")


def health(broker: str, *arguments: str) -> Outcome:
    return run("-A", "cli_shop", "--format", "json", *TIMEOUT, *arguments, broker=broker)


def wait_until(broker: str, code: int, *arguments: str) -> Outcome:
    def ended() -> Outcome | None:
        outcome = health(broker, *arguments)
        return outcome if outcome.code == code else None

    return wait_for(ended, 60.0, lambda: f"exit code {code}; last: {health(broker, *arguments)}")


def workers_of(outcome: Outcome) -> set[str]:
    return {one["name"] for one in outcome.document["workers"]}


def connections(home: Path) -> int:
    return (home / "worker.log").read_text().count("Connected to redis")


def with_reason(outcome: Outcome, reason: str) -> Outcome | None:
    return outcome if reason in outcome.reasons else None


def well(broker: str, *arguments: str) -> Outcome | None:
    outcome = run(*arguments, *TIMEOUT, "--format", "json", broker=broker)
    return outcome if outcome.code == 0 else None


@WORLDS
def test_on_redis_no_worker_a_worker_and_a_backlog(world: World, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        without_worker = health(redis.url)
        assert (without_worker.code, without_worker.reasons) == (2, {"NoWorkers"})

        with worker(tmp_path / "worker", world, redis.url):
            well = wait_until(redis.url, 0)
            assert [one["queues"] for one in well.document["workers"]] == [["celery"]]
            assert well.document["took_seconds"] < TIMEOUT_SECONDS / 2

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

            shown = run("-A", "cli_shop", "monitor", *TIMEOUT, broker=redis.url)
            assert "cli_shop.nap" in shown.out


def test_a_worker_that_is_deaf_after_its_redis_restarted_is_not_healthy(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, ExitStack() as stack:
        home, threads = tmp_path / "worker", ("--pool", "threads")
        workers = [stack.enter_context(worker(home, CELERY_5_3, redis.url, threads))]
        wait_until(redis.url, 0)

        def certain() -> Outcome | None:
            """This version does not come back to remote control either: Redis shows no sign of it."""
            outcome = health(redis.url)
            known = outcome.code == 0 or outcome.reasons & {"NoWorkers", "NoWorkerConsumes"}
            return outcome if known or workers[-1].poll() is not None else None

        def deaf() -> bool:
            """A worker survives some restarts of Redis, and some end it. A deaf one has reconnected."""
            seen = connections(home)
            if workers[-1].poll() is None:
                redis.restart()
            else:
                workers.append(stack.enter_context(worker(home, CELERY_5_3, redis.url, threads)))
            wait_for(lambda: connections(home) > seen, 60.0, "the worker's connection")
            outcome = wait_for(certain, 60.0, "a certain verdict")
            return outcome.code != 0 and workers[-1].poll() is None

        wait_for(deaf, 90.0, "a deaf worker")


def test_a_busy_solo_worker_is_unresponsive_and_not_dead(tmp_path: Path) -> None:
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
        assert silent.document["unresponsive_workers"]
        tested = health(redis.url, "--test-tasks", "--timeout", "6")
        assert (tested.code, tested.document["status"]) == (2, "unknown")


def test_the_plugin_of_celery_says_the_same(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "worker", CELERY_5_6, redis.url),
    ):
        wait_until(redis.url, 0)
        asked = ("-A", "cli_shop", "health", "--format", "summary", *TIMEOUT)
        summary = run(*asked, program="celery", broker=redis.url)
        assert summary.code == 0
        assert summary.out.startswith("healthy: 1 worker is consuming")
        monitor = run("-A", "cli_shop", "monitor", *TIMEOUT, program="celery", broker=redis.url)
        assert monitor.code == 0
        assert "Queues" in monitor.out


def test_without_the_application_workers_are_found_by_the_broker_alone(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "worker", CELERY_5_6, redis.url, ["-Q", "mail"]),
    ):
        wait_until(redis.url, 0, "--queue", "mail")
        found = run("--format", "json", *TIMEOUT, REDIS_URL=redis.url)
        assert found.code == 0
        assert [queue["name"] for queue in found.document["queues"]] == ["mail"]


def test_on_redis_an_unresponsive_worker_beside_another_is_named(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "one", CELERY_5_6, redis.url, ["-n", "one@here"]),
        worker(tmp_path / "two", CELERY_5_3, redis.url, ["-n", "two@here"]) as two,
    ):
        wait_for(lambda: workers_of(health(redis.url)) == {"one@here", "two@here"}, 60.0)
        os.killpg(two.pid, signal.SIGSTOP)
        silent = health(redis.url)
        assert (silent.code, silent.document["status"]) == (1, "unknown")
        assert silent.document["unresponsive_workers"] == ["two@here"]
        assert "two@here is connected to the broker" in silent.out
        shown = run("-A", "cli_shop", *TIMEOUT, broker=redis.url)
        assert "no answer" in shown.out


def test_on_redis_a_killed_worker_is_neither_waited_for_nor_shown(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "one", CELERY_5_6, redis.url, ["-n", "one@here"]),
    ):
        with worker(tmp_path / "two", CELERY_5_3, redis.url, ["-n", "two@here"]):
            wait_for(lambda: workers_of(health(redis.url)) == {"one@here", "two@here"}, 60.0)
        well = wait_until(redis.url, 0)
        assert workers_of(well) == {"one@here"}
        assert well.document["took_seconds"] < TIMEOUT_SECONDS / 2


def test_on_redis_a_worker_that_fetches_nothing_is_found_although_it_answers(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "deaf", CELERY_5_6, redis.url, ["-n", "deaf@here"], app="cli_deaf"),
    ):
        alone = wait_for(lambda: with_reason(health(redis.url), "NoWorkerConsumes"), 60.0)
        assert alone.code == 2
        with worker(tmp_path / "well", CELERY_5_6, redis.url, ["-n", "well@here"]):
            beside = wait_for(lambda: with_reason(health(redis.url), "WorkerNotConsuming"), 60.0)
            assert (beside.code, beside.document["deaf_workers_count"]) == (1, 1)


def test_workers_without_remote_control_are_unknown_and_a_test_task_proves_them(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "quiet", CELERY_5_6, redis.url, app="cli_quiet"),
    ):
        proven = wait_for(lambda: well(redis.url, "-A", "cli_quiet", "--test-tasks"), 60.0)
        assert proven.document["status"] == "healthy"
        for arguments in (["-A", "cli_quiet"], ["--broker", redis.url]):
            unknown = run(*arguments, "--format", "json", *TIMEOUT, broker=redis.url)
            assert (unknown.code, unknown.reasons) == (2, {"WorkersUnknown"})
            assert unknown.document["status"] == "unknown"


def test_a_redis_user_who_may_not_list_clients_sees_workers_or_does_not_know(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        with redis_client.Redis(port=redis.port) as client:
            client.execute_command("ACL SETUSER shop on >geheim ~* &* +@all -client|list")
        url = f"redis://shop:geheim@127.0.0.1:{redis.port}/0"
        without_worker = health(url)
        assert (without_worker.code, without_worker.reasons) == (2, {"WorkersUnknown"})
        assert "Redis does not show who waits" in without_worker.document["problems"][0]["message"]
        with worker(tmp_path / "worker", CELERY_5_6, url):
            assert workers_of(wait_until(url, 0))


def test_the_named_task_and_a_failing_one(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "worker", CELERY_5_3, redis.url),
    ):
        wait_until(redis.url, 0)
        assert health(redis.url, "--test-tasks", "--task", "cli_shop.greet").code == 0
        failed = health(redis.url, "--test-tasks", "--task", "cli_shop.fail")
        assert (failed.code, failed.reasons) == (2, {"TestTaskFailed"})
        assert "FAILURE: RuntimeError: no answer from redis://***@cache/0" in failed.out
        missing = health(redis.url, "--test-tasks", "--task", "cli_shop.nothing", "--timeout", "6")
        assert (missing.code, missing.reasons) == (2, {"TestTaskFailed"})


def test_the_task_that_checks_from_inside_a_worker(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis", password="geheim") as redis:
        gone = f"sqlite:///{tmp_path}/no-such-folder/shop.db"
        with worker(tmp_path / "well", CELERY_5_6, redis.url, app="cli_checked"):
            wait_until(redis.url, 0)
            proven = health(redis.url, "--test-tasks")
            assert (proven.code, proven.document["test_tasks"][0]["task"]) == (0, OWN_TASK)
            with Celery("producer", broker=redis.url, backend=redis.url) as app:
                result = app.send_task(OWN_TASK).get(timeout=20)
                # What stands for the result unsubscribes when it is collected: while its Redis is there.
                gc.collect()
            assert result["ok"] is True
            assert result["checks"]["result_backend"]["ok"] is True
            assert "geheim" not in json.dumps(result)
        with worker(tmp_path / "failed", CELERY_5_6, redis.url, app="cli_checked", DATABASE_URL=gone):
            broken = wait_for(
                lambda: with_reason(health(redis.url, "--test-tasks", "--timeout", "10"), "TestTaskFailed"),
                60.0,
            )
            assert broken.code == 2
            assert "database: " in broken.document["test_tasks"][0]["message"]


def test_a_task_that_runs_for_too_long_is_found(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        worker(tmp_path / "worker", CELERY_5_6, redis.url),
    ):
        wait_until(redis.url, 0)
        with Celery("producer", broker=redis.url) as app:
            app.send_task("cli_shop.nap", args=[60], queue="celery")
        hung = wait_until(redis.url, 1, "--hung-after", "0.5")
        assert hung.reasons == {"HungTask"}
        assert health(redis.url, "--hung-after", "3600").code == 0


def test_on_rabbitmq_no_worker_a_worker_a_test_task_and_an_unresponsive_one(tmp_path: Path) -> None:
    with rabbit_server(tmp_path / "rabbit") as rabbit:
        without_worker = run("--broker", rabbit.url, *TIMEOUT, "--format", "json")
        assert without_worker.reasons == {"NoWorkers"}
        assert without_worker.document["took_seconds"] < TIMEOUT_SECONDS / 2

        with worker(tmp_path / "one", CELERY_5_6, rabbit.url, ["-n", "one@here"]):
            tested = wait_for(lambda: well(rabbit.url, "-A", "cli_shop", "--test-tasks"), 60.0)
            assert [trip["ok"] for trip in tested.document["test_tasks"]] == [True]
            failed = health(rabbit.url, "--test-tasks", "--task", "cli_shop.fail")
            assert (failed.code, failed.reasons) == (2, {"TestTaskFailed"})

            with worker(tmp_path / "two", CELERY_5_3, rabbit.url, ["-n", "two@here"]) as two:
                wait_for(lambda: workers_of(health(rabbit.url)) == {"one@here", "two@here"}, 60.0)
                os.killpg(two.pid, signal.SIGSTOP)
                silent = health(rabbit.url)
                assert (silent.code, silent.reasons) == (1, {"WorkersUnknown"})
                assert silent.document["unresponsive_workers_count"] == 1
