"""Document 003: GET /api/celery/health/, /api/celery/tasks/ and /api/celery/stats/."""

from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for_async

from tests.integration.monitor.compatible.harness import get, monitor, until, worker

WORKER = "worker1@hostname"
HEALTH, TASKS, STATS = "/api/celery/health/", "/api/celery/tasks/", "/api/celery/stats/"


def healthy(status: int, document: Any) -> bool:
    return status == 200 and document["status"] == "healthy"


def upstream(redis: RedisServer) -> Celery:
    return Celery("upstream", broker=redis.url, set_as_current=False)


async def test_a_healthy_application(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, worker(tmp_path, redis.url):
        async with monitor(redis.url) as client:
            expected = {
                "status": "healthy",
                "workers": {"healthy": True, "active_workers": ["worker1@hostname"], "worker_count": 1},
                "queues": {"celery": 0},
                "recommendations": [],
            }
            await until(client, HEALTH, lambda *found: found == (200, expected))


async def test_no_worker_is_unhealthy_and_503(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        app = upstream(redis)
        app.send_task("upstream.tasks.send_alert")
        async with monitor(redis.url, app=app, name="upstream") as client:
            expected = {
                "status": "unhealthy",
                "workers": {
                    "healthy": False,
                    "active_workers": [],
                    "error": "No active Celery workers found",
                },
                "queues": {"celery": 1},
                "recommendations": ["Start Celery workers: celery -A upstream worker --loglevel=info"],
            }
            await until(client, HEALTH, lambda *found: found == (503, expected))


async def test_without_the_broker_it_is_503_and_the_length_of_a_queue_is_minus_1(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url) as client:
            redis.stop()
            status, document = await get(client, HEALTH)
            assert (status, document["status"]) == (503, "unhealthy")
            assert document["queues"] == {"celery": -1}
            assert document["workers"].keys() == {"healthy", "active_workers", "error"}
            assert document["workers"]["active_workers"] == []
            assert str(redis.port) in document["workers"]["error"]
            assert document["recommendations"]


async def test_a_frozen_broker_is_503_within_the_timeout_of_the_probes(tmp_path: Path) -> None:
    """The readinessProbe of the document has timeoutSeconds 3."""
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url) as client:
            redis.pause()
            status, document = await get(client, HEALTH)
            redis.resume()
            assert (status, document["queues"]) == (503, {"celery": -1})
            assert "does not answer" in document["workers"]["error"]


async def test_a_frozen_worker_is_503_and_named(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, worker(tmp_path, redis.url) as process:
        async with monitor(redis.url) as client:
            await until(client, HEALTH, healthy)
            process.freeze()

            def is_named(status: int, document: Any) -> bool:
                workers = document["workers"]
                return status == 503 and not workers["active_workers"] and WORKER in workers["error"]

            await until(client, HEALTH, is_named)


async def test_a_queue_above_1000_is_degraded_and_200(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, worker(tmp_path, redis.url):
        app = upstream(redis)
        async with monitor(redis.url) as client:
            await until(client, HEALTH, healthy)
            with app.connection_for_write() as connection:
                for _ in range(1030):
                    app.send_task("upstream.tasks.send_alert", [300], connection=connection)

            def is_degraded(status: int, document: Any) -> bool:
                long, advised = document["queues"]["celery"] > 1000, len(document["recommendations"]) == 1
                works = document["workers"]["healthy"] is True
                return (status, document["status"]) == (200, "degraded") and works and long and advised

            (advice,) = (await until(client, HEALTH, is_degraded))["recommendations"]
            assert "celery -A APP worker -Q celery" in advice


async def test_running_and_scheduled_tasks(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, worker(tmp_path, redis.url):
        app = upstream(redis)
        async with monitor(redis.url) as client:
            await until(client, HEALTH, healthy)
            running = app.send_task("upstream.tasks.run_drift_detection", [300])
            scheduled = app.send_task("upstream.tasks.send_scheduled_report", countdown=3600)
            document = await until(client, TASKS, lambda _, one: one["running"] and one["scheduled"])

            (started,) = document["running"]
            assert list(started) == ["worker", "task_name", "task_id", "time_start"]
            assert (started["worker"], started["task_id"]) == ("worker1@hostname", running.id)
            assert started["task_name"] == "upstream.tasks.run_drift_detection"
            assert isinstance(started["time_start"], int)
            assert started["time_start"] > 1_700_000_000

            (waiting,) = document["scheduled"]
            assert list(waiting) == ["worker", "task_name", "task_id", "eta"]
            assert (waiting["worker"], waiting["task_id"]) == ("worker1@hostname", scheduled.id)
            assert waiting["eta"].endswith("+00:00")
            assert document["running_count"] == 1
            assert document.keys() == {"running", "scheduled", "running_count"}

            expected = {
                "total_running": 1,
                "total_scheduled": 1,
                "by_task_name": {
                    "upstream.tasks.run_drift_detection": {"running": 1, "scheduled": 0},
                    "upstream.tasks.send_scheduled_report": {"running": 0, "scheduled": 1},
                },
            }
            await until(client, STATS, lambda *found: found == (200, expected))


@pytest.mark.parametrize("path", [HEALTH, TASKS, STATS])
async def test_the_slash_at_the_end_may_be_left_out(path: str, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url) as client:

            async def are_alike() -> bool:
                return await get(client, path) == await get(client, path.rstrip("/"))

            await wait_for_async(are_alike, describe=path)


async def test_a_probe_needs_no_token(tmp_path: Path) -> None:
    """livenessProbe and readinessProbe of the document are httpGet without headers."""
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url) as client:
            async with client.get(HEALTH) as response:
                assert response.status == 503
            async with client.get(STATS) as response:
                assert response.status == 401
