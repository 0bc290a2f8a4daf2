"""The numbers of a report: what the worker holds, and why it takes no more."""

from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_5, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import redis_server

from tests.integration.agent.harness import agent_worker, producer

LATE = {"TEST_ACKS_LATE": "1"}


@pytest.mark.parametrize(
    ("world", "pool"),
    [
        (CELERY_5_3, "prefork"),
        (CELERY_5_6, "threads"),
        (CELERY_5_7, "prefork"),
    ],
    ids=lambda value: getattr(value, "celery", value),
)
def test_eta_tasks_are_counted_apart_from_reserved_tasks(world: World, pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, redis.url, env=LATE) as worker,
    ):
        worker.wait_until_consuming()
        _send_for_later(app)
        # Celery widens the prefetch by one for each of them.
        waiting = worker.wait_until(lambda report: report.eta == 5 and report.prefetch == 8 + 5)
        assert (waiting.active_count, waiting.reserved) == (0, 0)

        for _ in range(12):
            app.send_task("agent_app.nap", (60,), queue="celery")
        # The counts are of the moment of the report, the transport's evidence is of the last heartbeat.
        full = worker.wait_until(
            lambda report: (
                (report.active_count, report.reserved) == (2, 6) and report.transport.can_consume is False
            )
        )
        assert worker.wait_for_beats(3).consuming is True
        assert full.eta == 5


@pytest.mark.parametrize(
    ("world", "pool"),
    [(CELERY_5_5, "eventlet"), (CELERY_5_7, "gevent"), (CELERY_5_7, "solo")],
    ids=lambda value: getattr(value, "celery", value),
)
def test_tasks_that_wait_for_their_time_are_counted_in_pools_without_processes(
    world: World, pool: str, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, redis.url) as worker,
    ):
        worker.wait_until_consuming()
        _send_for_later(app)
        waiting = worker.wait_until(lambda report: report.eta == 5)
        assert (waiting.active_count, waiting.reserved) == (0, 0)
        assert worker.wait_for_beats(3).consuming is True


def test_tasks_that_wait_for_their_rate_limit_are_reserved(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "threads", redis.url) as worker,
    ):
        worker.wait_until_consuming()
        for _ in range(4):
            app.send_task("agent_app.limited", queue="celery")
        worker.wait_until(lambda report: report.processed == 1 and report.reserved == 3)


def test_a_worker_without_a_prefetch_limit_consumes(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, "threads", redis.url, env={"TEST_PREFETCH": "0"}) as worker,
    ):
        assert worker.wait_until_consuming().prefetch == 0


def test_a_worker_without_heartbeat_gossip_and_mingle_reports_all_the_same(tmp_path: Path) -> None:
    silent = ("--without-heartbeat", "--without-gossip", "--without-mingle")
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, "threads", redis.url, arguments=silent) as worker,
    ):
        worker.wait_until_consuming()


def test_lists_named_with_a_prefix_of_the_application_are_reported_so(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, "solo", redis.url, env={"TEST_KEY_PREFIX": "shop:"}) as worker,
    ):
        assert worker.wait_until_consuming().transport.key_prefix == "shop:"


def test_slots_of_a_worker_that_grows_are_those_that_it_may_have(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url, arguments=("--autoscale", "6,1")) as worker,
    ):
        report = worker.wait_until_consuming()
        assert report.pool_size == 6
        assert len(report.pool_pids) < 6


def _send_for_later(app: Celery) -> None:
    for _ in range(5):
        app.send_task("agent_app.nap", (0,), countdown=3600, queue="celery")
