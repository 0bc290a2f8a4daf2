"""Tasks that Celery keeps active for good, though they ended: the pool does not report a job that raises."""

from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from tests.integration.agent.harness import POOLS, AgentWorker, agent_worker, producer

LATE = {"TEST_ACKS_LATE": "1"}


@pytest.mark.parametrize(
    ("world", "pool"),
    [*((CELERY_5_6, pool) for pool in POOLS), (CELERY_5_3, "threads"), (CELERY_5_7, "threads")],
    ids=lambda value: getattr(value, "celery", value),
)
def test_a_task_whose_result_cannot_be_stored_is_active_until_it_ends_and_no_longer(
    world: World, pool: str, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        redis_server(tmp_path / "results") as results,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, redis.url, env={**LATE, "TEST_RESULTS": results.url}) as worker,
    ):
        worker.wait_until_consuming()
        results.stop()
        worker.hold(app, "lost", ignore_result=False)
        worker.wait_until(lambda report: report.active_count == 1)
        worker.release("lost")
        # The solo pool loses its connection by the error, and the task comes again.
        worker.wait_until(lambda _: "lost" in worker.ran())
        worker.wait_until(lambda report: (report.active_count, report.reserved) == (0, 0))

        results.start()
        kept = worker.hold(app, "kept", ignore_result=False)
        worker.wait_until(lambda report: kept in {task.id for task in report.active})
        worker.release("kept")
        worker.wait_until(lambda _: "kept" in worker.ran())
        assert worker.wait_until(lambda report: report.processed >= 2).error_count == 0
        worker.wait_until(lambda report: (report.active_count, report.reserved) == (0, 0))


def test_a_broker_that_is_also_the_result_backend_may_restart_while_tasks_end(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path, CELERY_5_6, "threads", redis.url, env={**LATE, "TEST_RESULTS": redis.url}
        ) as worker,
    ):
        worker.wait_until_consuming()
        for names in (["1", "2"], ["3", "4"]):
            worker.hold(app, *names, ignore_result=False)
            worker.wait_until(lambda report: report.active_count == 2)
            redis.stop()
            worker.release(*names)
            _wait_for_runs(worker, names)
            worker.wait_until(lambda report: report.phase == "connecting")
            worker.wait_until(lambda report: not report.active_count)
            redis.start()
            worker.wait_until_consuming()
        assert worker.stop_hook(60, 1).wait(10 + BUSY_SECONDS) == 0


def test_a_task_that_asks_a_thread_to_exit_is_not_active(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_6, "threads", redis.url) as worker,
    ):
        worker.wait_until_consuming()
        app.send_task("agent_app.leave", queue="celery")
        worker.wait_until(lambda report: report.processed == 1 and not report.active_count)
        assert worker.wait_for_beats(1).active_count == 0


def _wait_for_runs(worker: AgentWorker, names: list[str]) -> None:
    wait_for(lambda: set(names) <= set(worker.ran()), 30, worker.log)
