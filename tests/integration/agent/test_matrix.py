"""The agent in every supported Celery and pool: one life of a worker each, on a Redis of its own."""

import time
from pathlib import Path

import pytest
from redis import Redis
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, WORLDS, World
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import GREEN_POOLS, POOLS, agent_worker, producer


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.celery)
def test_a_worker_reports_what_it_does_from_its_start_to_its_end(
    world: World, pool: str, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, redis.url) as worker,
    ):
        idle = worker.wait_until_consuming()
        assert idle.celery_version == world.celery
        assert idle.hostname.startswith("celery@")
        assert idle.queues == ("celery",)
        assert idle.pool_kind == pool
        assert idle.pool_size == (1 if pool == "solo" else 2)
        assert len(idle.pool_pids) == (2 if pool == "prefork" else 0)
        assert idle.transport.poller is (None if pool in GREEN_POOLS else True)
        assert idle.transport.priority_steps == (0, 3, 6, 9)
        assert idle.transport.separator == "\x06\x16"
        assert idle.consumer_starts == 1
        assert idle.active == ()
        assert idle.memory_bytes
        assert idle.transport.visibility_timeout == 3600
        assert idle.transport.pop_timeout == 1
        assert idle.initial_prefetch == idle.prefetch
        assert idle.written_at is not None
        assert abs(idle.written_at - time.time()) < 60
        assert idle.pool_births == 0
        assert (idle.pool_alive_mono is not None) is (pool == "prefork")
        assert idle.progress_mono is not None
        heard = worker.wait_until(
            lambda report: (
                (report.answered_mono or 0) > (idle.answered_mono or 0) + 0.5
                and (report.fetched_mono or 0) > (idle.fetched_mono or 0) + 0.5
            ),
            describe="the broker is heard of again and again",
        )
        assert heard.progress_mono == idle.progress_mono
        assert worker.lock_is_held()

        sent = worker.hold(app, "held", time_limit=300, soft_time_limit=200)
        busy = worker.wait_until(lambda report: report.active_count == 1, describe="the task is active")
        assert (busy.active[0].id, busy.active[0].name) == (sent, "agent_app.hold")
        assert busy.active[0].started_at is not None
        assert busy.active[0].limit == 300
        assert (busy.progress_mono or 0) > idle.progress_mono
        worker.release("held")
        ended = worker.wait_until(lambda report: report.active_count == 0 and report.processed == 1)
        assert (ended.progress_mono or 0) > (busy.progress_mono or 0)
        # Celery 5.3 acknowledges a task later, and cannot end in order if its broker leaves in between.
        with Redis(port=redis.port) as client:
            wait_for(lambda: not client.hlen("unacked"), describe=worker.log)

        redis.stop()
        worker.wait_until(lambda report: report.phase == "connecting", describe="the broker is missed")
        redis.start()
        if world is not CELERY_5_3:  # which may come back deaf
            again = worker.wait_until_consuming()
            assert again.consumer_starts > 1
            app.send_task("agent_app.nap", (0,), queue="celery")
            worker.wait_until(lambda report: report.processed == 2, describe="a task after the restart")

        assert worker.terminate() == 0
        last = worker.report()
        assert last is not None
        assert last.phase == "stopping"
        assert (last.error_count, last.last_error) == (0, "")
        assert not worker.lock_is_held()


@pytest.mark.parametrize("pool", GREEN_POOLS)
def test_a_lost_connection_leaves_no_timer_behind(pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, pool, redis.url, arguments=("-I", "agent_timers")) as worker,
    ):
        report = worker.wait_until_consuming()
        for _ in range(2):
            starts = report.consumer_starts
            redis.restart()
            report = worker.wait_until(
                lambda report, starts=starts: report.consumer_starts > starts and report.consuming  # type: ignore[misc]
            )
        with producer(redis.url) as app:

            def one_is_left() -> bool:
                counts = len(worker.ran())
                app.send_task("agent_timers.count_timers", ("Heartbeat._schedule",), queue="celery")
                return wait_for(lambda: worker.ran()[counts:], 30, worker.log) == ["1"]

            # The first heartbeat of a connection has a timer of its own for a moment.
            wait_for(one_is_left, describe=worker.ran)
