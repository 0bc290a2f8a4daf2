"""Draining: fetching stops in-process, and no task is lost or run twice by it."""

from collections import Counter
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import AgentWorker, agent_worker, producer

TASKS = 150
DRAINS = 2
# Sent once a drain is requested. Two slots run 40 of them a second, and a drain takes effect within a second:
# some of them stay in the queue, however long the test itself pauses before the request.
MORE = 100

CASES = [
    (CELERY_5_7, "prefork"),
    (CELERY_5_7, "threads"),
    (CELERY_5_7, "gevent"),
    (CELERY_5_7, "solo"),
    (CELERY_5_3, "prefork"),
    (CELERY_5_3, "eventlet"),
]


@pytest.mark.parametrize(("world", "pool"), CASES, ids=lambda value: getattr(value, "celery", value))
def test_no_task_is_lost_or_run_twice_when_a_loaded_worker_drains(
    world: World, pool: str, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, redis.url) as worker,
    ):
        worker.wait_until_consuming()
        names = _send_notes(app, TASKS, "celery")
        with Redis(port=redis.port) as client:
            for drain in range(1, DRAINS + 1):
                wait_for(lambda drain=drain: len(worker.ran()) >= drain * 30, 30, worker.log)  # type: ignore[misc]
                worker.drain()
                names += _send_notes(app, MORE, "celery", len(names))
                worker.wait_until_empty()
                left = client.llen("celery")
                ran = len(worker.ran())
                assert left + ran == len(names)
                assert left > 0
                # The last one has ended; its acknowledgement may take until the loop turns.
                wait_for(lambda: not client.hlen("unacked"), 30, worker.log)
                worker.undrain()
        wait_for(lambda: len(worker.ran()) >= len(names), 120, worker.log)
        assert worker.terminate() == 0
        assert Counter(worker.ran()) == Counter(names)


def test_a_message_that_arrives_at_an_idle_draining_worker_stays_in_its_queue(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "gevent", redis.url) as worker,
        Redis(port=redis.port) as client,
    ):
        worker.wait_until_consuming()
        worker.drain_until_empty()
        _send_notes(app, 5, "celery")
        worker.wait_for_beats(3)
        assert client.llen("celery") == 5
        assert worker.ran() == []


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_draining_worker_drains_on_after_the_broker_came_back(pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, pool, redis.url) as worker,
    ):
        first = worker.wait_until_consuming()
        worker.drain_until_empty()
        redis.restart()
        with producer(redis.url) as late:
            _send_notes(late, 5, "celery")
        worker.wait_until(
            lambda report: report.phase == "draining" and report.consumer_starts > first.consumer_starts
        )
        assert worker.ran() == []
        worker.undrain()
        wait_for(lambda: len(worker.ran()) == 5, 30, worker.log)


def test_a_worker_with_a_drain_request_before_its_start_fetches_nothing(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, producer(redis.url) as app:
        _send_notes(app, 5, "celery")
        worker = AgentWorker(tmp_path, CELERY_5_7, "threads", redis.url)
        worker.drain()
        try:
            worker.start()
            worker.wait_until(lambda report: report.phase == "draining")
            assert worker.ran() == []
            assert worker.terminate() == 0
        finally:
            worker.end()


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_no_task_of_rabbitmq_is_lost_or_run_twice_by_a_drain(
    pool: str, tmp_path: Path, rabbit: RabbitServer
) -> None:
    queue = f"drained-{pool}"
    with (
        producer(rabbit.url) as app,
        agent_worker(tmp_path, CELERY_5_7, pool, rabbit.url, arguments=("-Q", queue)) as worker,
    ):
        worker.wait_until_consuming()
        names = _send_notes(app, TASKS, queue)
        wait_for(lambda: len(worker.ran()) >= 50, 30, worker.log)
        worker.drain()
        names += _send_notes(app, MORE, queue, len(names))
        worker.wait_until_empty()
        ran = len(worker.ran())
        assert ran < len(names)
        held = worker.report()
        assert held is not None
        assert held.transport.consumer_tags == 0
        worker.undrain()
        wait_for(lambda: len(worker.ran()) >= len(names), 120, worker.log)
        assert worker.terminate() == 0
        assert Counter(worker.ran()) == Counter(names)


def _send_notes(app: Celery, count: int, queue: str, first: int = 0) -> list[str]:
    names = [f"{queue}-{number}" for number in range(first, first + count)]
    for name in names:
        app.send_task("agent_app.note", (name,), queue=queue)
    return names
