"""Loops that stand still in healthy workers: the report shows what they wait for."""

from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import redis_server

from tests.integration.agent.harness import GREEN_POOLS, agent_worker, producer

LOAD = 600


@pytest.mark.parametrize("pool", GREEN_POOLS)
def test_a_full_green_pool_keeps_its_loop_waiting_for_a_slot(pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, pool, redis.url) as worker,
    ):
        worker.wait_until_consuming()
        worker.hold(app, "1", "2", "3")
        full = worker.wait_until(lambda report: report.loop_waits_for == "slot")
        assert (full.phase, full.active_count) == ("consuming", 2)
        worker.release("1", "2", "3")
        done = worker.wait_until(lambda report: report.processed == 3 and not report.active_count, 60)
        assert (done.error_count, done.last_error) == (0, "")
        assert worker.wait_until_consuming().loop_waits_for == ""


@pytest.mark.parametrize(
    ("world", "pool"),
    [(CELERY_5_7, "prefork"), (CELERY_5_3, "threads")],
    ids=lambda value: getattr(value, "celery", value),
)
def test_a_frozen_broker_keeps_the_loop_waiting_for_its_answer(
    world: World, pool: str, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, redis.url) as worker,
    ):
        worker.wait_until_consuming()
        for _ in range(20):
            app.send_task("agent_app.nap", (0.5,), queue="celery")
        worker.wait_until(lambda report: report.processed > 2)
        redis.pause()
        frozen = worker.wait_until(lambda report: report.loop_waits_for == "broker")
        assert frozen.phase == "consuming"
        redis.resume()
        worker.wait_until(lambda report: report.processed == 20 and not report.loop_waits_for)


def test_a_solo_worker_inside_a_task_waits_for_the_task(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "solo", redis.url) as worker,
    ):
        worker.wait_until_consuming()
        worker.hold(app, "held")
        busy = worker.wait_until(lambda report: report.loop_waits_for == "task")
        assert (busy.phase, busy.active_count, busy.active[0].name) == ("consuming", 1, "agent_app.hold")
        worker.release("held")
        worker.wait_until(lambda report: report.processed == 1 and not report.active_count)


@pytest.mark.parametrize("pool", ["prefork", "gevent", "solo"])
def test_a_worker_under_load_never_appears_deaf(pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, pool, redis.url) as worker,
    ):
        worker.wait_until_consuming()
        for number in range(LOAD):
            app.send_task("agent_app.note", (str(number),), queue="celery")
        seen = {False: 0, True: 0, None: 0}

        def all_done() -> bool:
            report = worker.report()
            assert report is not None
            seen[report.consuming] += 1
            return report.processed == LOAD

        worker.wait_until(lambda _: all_done(), 120)
        assert seen[True] > 0
        assert (seen[False], seen[None]) == (0, 0)
