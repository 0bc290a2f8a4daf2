"""Children of a real pool whose end something ordered are no deaths."""

import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import redis_server

from celery_health.wire.worker_report import WorkerReport
from tests.integration.agent.harness import agent_worker, producer

OLDEST_AND_NEWEST = pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
RETURNING = {"TEST_ACKS_LATE": "1", "TEST_REJECT": "1"}
DEATHS = ("-I", "agent_deaths")
REPLACED, LIMITED, REVOKED = 300, 10, 6


def nap(app: Celery, seconds: float, **options: Any) -> str:
    return str(app.send_task("agent_app.nap", (seconds,), queue="celery", **options).id)


def is_active(task_id: str, report: WorkerReport) -> bool:
    return any(task.id == task_id for task in report.active)


def is_done(processed: int, report: WorkerReport) -> bool:
    return report.processed == processed and not report.active_count


def no_deaths(report: WorkerReport) -> None:
    assert (report.children_lost_total, report.tasks_lost_total) == (0, 0)
    assert (report.deaths, report.deaths_by_name, report.children_lost) == ((), (), 0)
    assert (report.error_count, report.last_error) == (0, "")


@OLDEST_AND_NEWEST
def test_children_that_are_replaced_limited_or_revoked_are_no_deaths(world: World, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path,
            world,
            "prefork",
            redis.url,
            env=RETURNING,
            arguments=(*DEATHS, "--max-tasks-per-child", "1"),
        ) as worker,
    ):
        worker.wait_until_consuming()
        for number in range(8):
            app.send_task("agent_app.note", (str(number),), queue="celery")
        worker.wait_until(lambda report: report.processed == 8 and not report.active_count, 60)

        for limit in ({"time_limit": 1}, {"soft_time_limit": 1}):
            nap(app, 60, **limit)
        worker.wait_until(lambda report: report.processed == 10 and not report.active_count, 60)

        for name in ("SIGTERM", "SIGKILL"):
            revoked = nap(app, 60)
            worker.wait_until(partial(is_active, revoked))
            app.control.revoke(revoked, terminate=True, signal=name)
            worker.wait_until(lambda report: not report.active_count)
        # As many tasks again: by then the pool has seen the end of each child above.
        for number in range(8):
            app.send_task("agent_app.note", (str(number),), queue="celery")
        no_deaths(worker.wait_until(lambda report: report.processed == 20 and not report.active_count, 60))


@OLDEST_AND_NEWEST
def test_hundreds_of_children_that_are_replaced_limited_or_revoked_name_no_task(
    world: World, tmp_path: Path
) -> None:
    arguments = (*DEATHS, "-c", "4", "--max-tasks-per-child", "1")
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, "prefork", redis.url, env=RETURNING, arguments=arguments) as worker,
    ):
        worker.wait_until_consuming()
        # As fast as the worker can. Making children is what takes its time, with the agent or without:
        # on 2 cores it runs 16 a second.
        for _ in range(REPLACED):
            nap(app, 0)
        worker.wait_until(partial(is_done, REPLACED), 120)
        # One name, far more often than a name needs to be a poison task.
        for limit in ({"time_limit": 1}, {"soft_time_limit": 1}):
            for _ in range(LIMITED):
                nap(app, 60, **limit)
        done = REPLACED + 2 * LIMITED
        worker.wait_until(partial(is_done, done), 120)
        for number in range(1, REVOKED + 1):
            revoked = nap(app, 60)
            worker.wait_until(partial(is_active, revoked))
            app.control.revoke(revoked, terminate=True, signal="SIGKILL")
            worker.wait_until(partial(is_done, done + number))
        for _ in range(REVOKED):
            nap(app, 0)
        no_deaths(worker.wait_until(partial(is_done, done + 2 * REVOKED), 60))


@OLDEST_AND_NEWEST
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=["warm", "cold"])
def test_a_worker_that_is_stopped_records_no_deaths(
    world: World, number: signal.Signals, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, "prefork", redis.url, env=RETURNING, arguments=DEATHS) as worker,
    ):
        worker.wait_until_consuming()
        worker.wait_until(partial(is_active, worker.hold(app, "running")))
        assert worker.process
        worker.process.send_signal(number)
        worker.wait_until(lambda report: report.phase == "stopping")
        worker.release("running")
        worker.process.wait(60)
        report = worker.report()
        assert report
        assert report.phase == "stopping"
        no_deaths(report)


def test_a_drain_with_running_tasks_records_no_deaths(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url, env=RETURNING, arguments=DEATHS) as worker,
    ):
        worker.wait_until_consuming()
        worker.wait_until(partial(is_active, worker.hold(app, "running")))
        worker.drain()
        worker.wait_until(lambda report: report.phase == "draining")
        worker.release("running")
        no_deaths(worker.wait_until(lambda report: report.phase == "draining" and not report.active_count))
        assert worker.terminate() == 0
        report = worker.report()
        assert report
        no_deaths(report)


def test_tasks_that_celery_cancels_with_their_connection_are_no_deaths(tmp_path: Path) -> None:
    # Not with kombu 5.7.0: it raises when it restores the message, and the worker ends.
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path,
            CELERY_5_3,
            "prefork",
            redis.url,
            env={**RETURNING, "TEST_CANCEL": "1"},
            arguments=DEATHS,
        ) as worker,
    ):
        worker.wait_until_consuming()
        children = worker.wait_until(lambda report: len(report.pool_pids) == 2).pool_pids
        worker.wait_until(partial(is_active, nap(app, 600)))
        redis.stop()
        redis.start()
        no_deaths(worker.wait_until(lambda report: set(report.pool_pids) - set(children), 60))
