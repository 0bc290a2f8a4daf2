"""Document 000: GET /api/test/redis, /api/redis/status, /api/test/celery, /api/celery/status and
/api/redis-celery/health.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from tools.testbed.servers import redis_server

from tests.integration.monitor.compatible.harness import get, monitor, until, worker

TEST_REDIS, REDIS = "/api/test/redis", "/api/redis/status"
TEST_CELERY, CELERY = "/api/test/celery", "/api/celery/status"
HEALTH = "/api/redis-celery/health"


def is_success(status: int, document: Any, expected: bool) -> bool:
    return status == 200 and document["success"] is expected


async def test_redis_monitoring(tmp_path: Path) -> None:
    """Connection test; version, memory, uptime, clients; keys in database 0."""
    with redis_server(tmp_path / "redis") as redis:
        with redis_client.Redis(port=redis.port, db=0) as client:
            client.mset({f"key-{number}": "x" for number in range(7)})
        with redis_client.Redis(port=redis.port, db=1) as client:
            client.set("elsewhere", "x")
        async with monitor(redis.database(1)) as client:
            tested = await until(client, TEST_REDIS, lambda status, one: is_success(status, one, True))
            assert str(redis.port) in tested["message"]

            document = await until(
                client, REDIS, lambda status, one: status == 200 and one["redis_status"]["error"] is None
            )
            assert document["success"] is True
            found = document["redis_status"]
            assert found["running"] is True
            assert found["version"][0].isdigit()
            assert found["memory_usage"][-1] in "KM"
            assert found["used_memory"] > 0
            assert found["uptime"] >= 0
            assert found["connected_clients"] >= 1
            assert found["keys_count"] == 7
            assert found["error"] is None


async def test_keys_are_counted_without_keys(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url) as client:
            for path in (TEST_REDIS, REDIS, TEST_CELERY, CELERY, HEALTH):
                await get(client, path)
        with redis_client.Redis(port=redis.port) as connection:
            commands = connection.info("commandstats")
        assert "cmdstat_info" in commands
        assert not {"cmdstat_keys"} & commands.keys()


async def test_celery_monitoring_and_healthy(tmp_path: Path) -> None:
    """Active workers; active and queued tasks; queues; the broker."""
    with redis_server(tmp_path / "redis") as redis, worker(tmp_path, redis.url):
        async with monitor(redis.url) as client:
            document = await until(
                client, HEALTH, lambda _, one: one["health"]["overall_status"] == "healthy"
            )
            assert document["success"] is True
            health = document["health"]
            assert health["recommendations"] == []
            assert health["errors"] == []
            assert health["redis"]["running"] is True
            assert health["celery"]["active_workers"] == ["worker1@hostname"]

            await until(client, TEST_CELERY, lambda status, one: is_success(status, one, True))
            document = await until(
                client, CELERY, lambda status, one: status == 200 and one["celery_status"]["workers_running"]
            )
            assert document["success"] is True
            celery = document["celery_status"]
            assert celery["queues"] == {"celery": 0}
            assert celery["active_tasks"] == celery["queued_tasks"] == 0
            assert celery["broker"]["connected"] is True


async def test_redis_without_workers_is_degraded(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url) as client:
            document = await until(client, HEALTH, lambda status, _: status == 200)
            assert document["health"]["overall_status"] == "degraded"
            assert document["health"]["recommendations"] == [
                "Start Celery workers: celery -A APP worker --loglevel=info"
            ]
            assert [fault["reason"] for fault in document["health"]["errors"]] == ["NoWorkers"]

            status, tested = await get(client, TEST_CELERY)
            assert (status, tested["success"]) == (200, False)
            assert tested["hint"]


@pytest.mark.parametrize("fault", ["stop", "pause"])
async def test_without_redis_it_is_unhealthy(fault: str, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url) as client:
            getattr(redis, fault)()
            status, document = await get(client, HEALTH)
            assert (status, document["health"]["overall_status"]) == (503, "unhealthy")
            assert "Start the Redis service" in document["health"]["recommendations"][0]
            assert document["health"]["celery"]["queues"] == {"celery": -1}
            assert document["health"]["celery"]["queued_tasks"] == -1

            status, document = await get(client, REDIS)
            assert (status, document["redis_status"]["running"]) == (200, False)
            assert str(redis.port) in document["redis_status"]["error"]
            assert document["redis_status"]["hint"]

            status, tested = await get(client, TEST_REDIS)
            assert (status, tested["success"]) == (200, False)
            redis.resume()


async def test_a_wrong_password_is_named_and_not_shown(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis", password="richtig") as redis:
        wrong = redis.url.replace("richtig", "geheim")
        async with monitor(wrong) as client:
            for path in (TEST_REDIS, REDIS, TEST_CELERY, CELERY, HEALTH):
                _, document = await get(client, path)
                assert "geheim" not in json.dumps(document)

            def is_named(status: int, tested: Any) -> bool:
                text = tested["message"] + tested["hint"]
                return is_success(status, tested, False) and "password" in text.lower()

            await until(client, TEST_REDIS, is_named)


async def test_a_frozen_worker_does_not_count_as_running(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, worker(tmp_path, redis.url) as process:
        async with monitor(redis.url) as client:
            await until(client, HEALTH, lambda _, one: one["health"]["overall_status"] == "healthy")
            process.freeze()

            def is_named(_: int, document: Any) -> bool:
                celery = document["celery_status"]
                return not celery["workers_running"] and "worker1@hostname" in celery["error"]

            await until(client, CELERY, is_named)
            await until(client, HEALTH, lambda _, one: one["health"]["overall_status"] == "degraded")
