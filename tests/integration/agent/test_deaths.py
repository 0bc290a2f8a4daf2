"""Children of a real pool that die are recorded with their task, the cause, and where its message goes."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, redis_server

from celery_health.wire.deaths import TaskDeaths, death_stats
from celery_health.wire.worker_report import WorkerReport
from tests.integration.agent.cgroups import limited_memory
from tests.integration.agent.harness import AgentWorker, agent_worker, producer

DEATHS = ("-I", "agent_deaths")
LATE = {"TEST_ACKS_LATE": "1"}
RETURNING = {**LATE, "TEST_REJECT": "1"}
CAUSES = {
    "segfault": "signal SIGSEGV",
    "exit_at_once": "exit status 3",
    "kill_itself": "signal SIGKILL",
}
# The oldest billiard that runs on the tests' Python: before 4.3 it did not report SystemExit as a result.
OLD_BILLIARD = World(CELERY_5_3.celery, (*CELERY_5_3.pins, "billiard==4.2.1"))
OLDEST_AND_NEWEST = pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)


def send(app: Celery, task: str, *args: Any, **options: Any) -> str:
    return str(app.send_task(f"agent_deaths.{task}", args, queue="celery", **options).id)


def deaths_of(report: WorkerReport, task_id: str) -> TaskDeaths | None:
    return next((deaths for deaths in report.deaths if deaths.id == task_id), None)


def shown_deaths(app: Celery) -> tuple[tuple[TaskDeaths, ...], int]:
    """The deaths in the statistics of the only worker."""
    ((stats,),) = (one.values() for one in app.control.broadcast("stats", reply=True, timeout=30, limit=1))
    shown = death_stats(stats)
    assert shown is not None
    return tuple(shown.deaths), shown.children_lost


def wait_for_deaths(worker: AgentWorker, task_id: str, count: int) -> TaskDeaths:
    def died(report: WorkerReport) -> bool:
        deaths = deaths_of(report, task_id)
        return deaths is not None and deaths.count >= count

    found = deaths_of(worker.wait_until(died, 60), task_id)
    assert found
    return found


@OLDEST_AND_NEWEST
@pytest.mark.parametrize("children", [1, 4])
def test_a_task_that_kills_its_child_again_and_again_is_named_with_its_cause(
    world: World, children: int, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path, world, "prefork", redis.url, env=RETURNING, arguments=(*DEATHS, "-c", str(children))
        ) as worker,
    ):
        worker.wait_until_consuming()
        for task, cause in CAUSES.items():
            task_id = send(app, task)
            deaths = wait_for_deaths(worker, task_id, 3)
            assert (deaths.name, deaths.queue) == (f"agent_deaths.{task}", "celery")
            assert (deaths.cause, deaths.oom, deaths.returns) == (cause, False, True)
            assert deaths.first_mono < deaths.last_mono
            assert deaths.ran_for is not None
            assert app.control.revoke(task_id, reply=True, timeout=30, limit=1)
        app.send_task("agent_app.note", ("well",), queue="celery")
        # The last run of a task may have begun before its revocation, and its death may not be known yet. The
        # report is older than the answer, so they agree only after the last death.
        report = worker.wait_until(
            lambda report: (
                worker.ran() == ["well"]
                and not report.active_count
                and all(deaths.runs == deaths.count for deaths in report.deaths_by_name)
                and shown_deaths(app) == (report.deaths, report.children_lost)
            )
        )
        by_name = {deaths.name: deaths for deaths in report.deaths_by_name}
        assert set(by_name) == {f"agent_deaths.{task}" for task in CAUSES}
        assert all(deaths.count >= 3 for deaths in by_name.values())
        assert report.children_lost_total == report.children_lost == sum(d.count for d in report.deaths)
        assert (report.children_lost_idle, report.tasks_lost, report.tasks_lost_total) == (0, 0, 0)
        report = worker.wait_for_beats(1)
        assert (report.error_count, report.last_error) == (0, "")


@OLDEST_AND_NEWEST
@pytest.mark.parametrize("env", [{}, LATE], ids=["early", "late"])
def test_a_task_whose_message_does_not_go_back_is_lost_with_its_child(
    world: World, env: dict[str, str], tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path, world, "prefork", redis.url, env=env, arguments=(*DEATHS, "-c", "1")
        ) as worker,
    ):
        worker.wait_until_consuming()
        for task, cause in CAUSES.items():
            deaths = wait_for_deaths(worker, send(app, task), 1)
            assert (deaths.cause, deaths.returns, deaths.failed, deaths.count) == (cause, False, False, 1)
        report = worker.wait_until(lambda report: report.tasks_lost_total == 3 and not report.active_count)
        assert (report.tasks_lost, report.children_lost_total, report.children_lost_idle) == (3, 3, 0)
        assert report.error_count == 0


@pytest.mark.parametrize(
    ("world", "returns"),
    [(OLD_BILLIARD, True), (CELERY_5_3, False), (CELERY_5_7, True)],
    ids=["celery-5.3-billiard-4.2", "celery-5.3-billiard-4.3", "celery-5.7"],
)
def test_a_task_that_calls_exit_ends_its_child(world: World, returns: bool, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path, world, "prefork", redis.url, env=RETURNING, arguments=(*DEATHS, "-c", "1")
        ) as worker,
    ):
        worker.wait_until_consuming()
        deaths = wait_for_deaths(worker, send(app, "system_exit"), 3 if returns else 1)
        assert (deaths.cause, deaths.returns, deaths.failed) == ("exit status 3", returns, not returns)
        assert worker.wait_for_beats(2).children_lost_idle == 0


def test_a_message_of_rabbitmq_that_goes_back_is_recognized_by_its_id(
    rabbit: RabbitServer, tmp_path: Path
) -> None:
    env = {**RETURNING, "TEST_QUEUE": "deadly"}
    with (
        producer(rabbit.url) as app,
        agent_worker(
            tmp_path, CELERY_5_7, "prefork", rabbit.url, env=env, arguments=(*DEATHS, "-c", "1")
        ) as worker,
    ):
        worker.wait_until_consuming()
        task_id = app.send_task("agent_deaths.segfault", queue="deadly").id
        deaths = wait_for_deaths(worker, task_id, 3)
        assert (deaths.cause, deaths.queue, deaths.returns) == ("signal SIGSEGV", "deadly", True)
        app.control.revoke(task_id)
        worker.wait_until(lambda report: not report.active_count and report.error_count == 0)


def test_a_child_that_the_kernel_kills_at_the_memory_limit_is_out_of_memory(tmp_path: Path) -> None:
    limit = 256 << 20
    with (
        limited_memory(limit) as launcher,
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path,
            CELERY_5_7,
            "prefork",
            redis.url,
            env=RETURNING,
            arguments=(*DEATHS, "-c", "1"),
            launcher=launcher,
        ) as worker,
    ):
        worker.wait_until_consuming()
        hog = send(app, "hog")
        deaths = wait_for_deaths(worker, hog, 3)
        assert (deaths.cause, deaths.oom) == ("signal SIGKILL", True)
        app.control.revoke(hog)
        report = worker.wait_until(lambda report: (report.oom_kills or 0) >= 3 and not report.active_count)
        assert report.memory_limit_bytes == limit
        assert (report.memory_peak_bytes or 0) > limit * 0.9
        # A kill by an administrator is not the kernel's.
        deaths = wait_for_deaths(worker, send(app, "kill_itself"), 1)
        assert (deaths.cause, deaths.oom) == ("signal SIGKILL", False)


@OLDEST_AND_NEWEST
def test_a_child_that_dies_without_a_task_is_counted_without_one(world: World, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, world, "prefork", redis.url) as worker,
    ):
        ready = worker.wait_until(lambda report: len(report.pool_pids) == 2 and report.consuming)
        assert ready.children_lost_total == 0
        os.kill(ready.pool_pids[0], signal.SIGKILL)
        report = worker.wait_until(lambda report: report.children_lost_total)
        assert (report.children_lost, report.children_lost_idle, report.deaths) == (1, 1, ())
        assert (report.children_lost_idle_cause, report.children_lost_idle_oom) == ("signal SIGKILL", False)


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_a_pool_without_children_has_no_count_of_them(pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, pool, redis.url) as worker,
    ):
        report = worker.wait_until_consuming()
        assert (report.children_lost_total, report.tasks_lost_total, report.error_count) == (None, None, 0)
