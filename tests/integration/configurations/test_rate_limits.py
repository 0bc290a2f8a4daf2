"""Tasks that wait for a rate limit fill a worker, and remote control does not show them."""

from pathlib import Path

import redis as redis_client
from celery import Celery
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.configurations.configured import APP, a_worker, health, messages


def test_a_worker_that_is_full_of_rate_limited_tasks_is_no_deaf_one(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, redis_client.Redis(port=redis.port) as client:
        settings = {
            "broker_url": redis.url,
            "task_default_rate_limit": "1/h",
            "worker_prefetch_multiplier": 1,
        }

        def numbers() -> tuple[int, int]:
            return client.hlen("unacked"), client.llen("celery")

        with a_worker(tmp_path / "worker", settings):
            with Celery("producer", broker=redis.url, set_as_current=False) as producer:
                for _ in range(6):
                    producer.send_task(f"{APP}.nap", args=[0])
            wait_for(lambda: numbers() == (2, 3), describe=lambda: f"2 taken, 3 waiting: {numbers()}")
            found = health(settings)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert [worker["reserved"] for worker in found.document["workers"]] == [2]
