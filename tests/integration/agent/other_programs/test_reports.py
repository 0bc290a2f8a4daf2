"""A worker that another program makes in its own process has the agent by PYTHONPATH."""

from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, TRACED, World
from tools.testbed.servers import free_port, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import agent_worker, producer

PROGRAM = "other_program.py"


@pytest.mark.parametrize("pool", ["prefork", "threads", "gevent", "eventlet", "solo"])
@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
def test_it_reports_drains_and_stops_as_with_the_command_of_celery(
    world: World, pool: str, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, redis.url, program=PROGRAM) as worker,
    ):
        worker.wait_until_consuming()
        app.send_task("agent_app.note", ("first",), queue="celery")
        wait_for(lambda: worker.ran() == ["first"], 30, worker.log)
        report = worker.wait_until(lambda report: report.processed == 1)
        assert (report.pool_kind, report.error_count, report.last_error) == (pool, 0, "")
        assert worker.lock_is_held()
        worker.drain()
        worker.wait_until(lambda report: report.phase == "draining")
        worker.undrain()
        worker.wait_until_consuming()
        assert worker.stop_hook(30, free_port()).wait(30) == 0
        assert worker.wait_for_end() == 0
        worker.wait_until(lambda report: report.phase == "stopping", describe="the last report")


def test_the_agent_of_a_program_that_calls_celery_by_its_entry_starts_once(tmp_path: Path) -> None:
    site = str(tmp_path / "probe" / "site")
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, "solo", redis.url, env={"PYTHONPATH": site}) as worker,
    ):
        assert worker.wait_until_consuming().error_count == 0


def test_other_processes_of_the_application_have_no_agent(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, "solo", redis.url, program=PROGRAM, start=False) as worker,
    ):
        done = worker.command("-c", "import agent_app; print(agent_app.app.main)")
        assert (done.stdout, done.stderr) == ("agent_app\n", "")
        assert list(worker.run.iterdir()) == []


def tracer() -> list[str]:
    python = TRACED.python()
    # The first line of the script names the folder in which the environment was made.
    return [str(python), str(python.with_name("opentelemetry-instrument")), "--traces_exporter", "none"]


def test_a_tracer_in_front_of_celery_leaves_the_agent_alone(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, TRACED, "prefork", redis.url, launcher=tracer()) as worker,
    ):
        assert worker.wait_until_consuming().error_count == 0
        assert worker.terminate() == 0


def test_a_tracer_that_hides_the_agent_leaves_the_worker_of_another_program_alone(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, TRACED, "prefork", redis.url, launcher=tracer(), program=PROGRAM) as worker,
    ):
        app.send_task("agent_app.note", ("done",), queue="celery")
        wait_for(lambda: worker.ran() == ["done"], 60, worker.log)
        assert worker.report() is None
        assert worker.terminate() == 0
