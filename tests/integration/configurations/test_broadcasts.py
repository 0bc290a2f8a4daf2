"""Queues of one process: no test task goes there. What no worker takes does not stay."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import run, worker
from tests.integration.configurations.configured import TIMEOUT_SECONDS, health, log, messages

APP = "cli_broadcast"
COMMAND = ("-A", APP, "--format", "json", "--test-tasks", "--timeout", f"{TIMEOUT_SECONDS:g}")


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with (redis_server if request.param == "redis" else rabbit_server)(tmp_path / "broker") as server:
        yield server.url


def test_test_tasks_go_to_the_queues_of_tasks_alone(broker: str, tmp_path: Path) -> None:
    with worker(tmp_path / "worker", CELERY_5_6, broker, app=APP):
        wait_for(lambda: " ready." in log(tmp_path / "worker"), 60.0)
        found = run(*COMMAND, broker=broker)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert [trip["queue"] for trip in found.document["test_tasks"]] == ["celery"]
    assert {queue["name"] for queue in found.document["queues"]} == {"celery", "own"}
    if broker.startswith("redis"):
        with Redis.from_url(broker) as redis:
            assert not list(redis.scan_iter("bcast*"))
            assert not list(redis.scan_iter("celery-task-meta-*"))


def test_an_exclusive_queue_that_no_other_may_read_is_no_fault(tmp_path: Path) -> None:
    app, home = "cli_exclusive", tmp_path / "worker"
    with rabbit_server(tmp_path / "rabbit") as rabbit, worker(home, CELERY_5_6, rabbit.url, app=app):
        wait_for(lambda: " ready." in log(home), 60.0)
        command = ("-A", app, "--format", "json", "--timeout", f"{TIMEOUT_SECONDS:g}")
        found = run(*command, broker=rabbit.url)
        asked = run(*command, "--queue", "alone", broker=rabbit.url)
    assert (found.code, found.document["status"]) == (0, "healthy"), messages(found)
    assert {queue["name"]: queue["ready"] for queue in found.document["queues"]} == {
        "celery": 0,
        "alone": None,
    }
    assert (asked.code, asked.document["status"]) == (0, "healthy"), messages(asked)


def test_a_test_task_that_no_worker_takes_does_not_stay(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as server, Redis.from_url(server.url) as redis:
        redis.lpush("nowhere", json.dumps({"id": "of another program"}))
        found = run(
            *("--broker", server.url, "--result-backend", server.url, "--format", "json"),
            *("--queue", "nowhere", "--test-tasks", "--timeout", "5"),
        )
        assert [trip["ok"] for trip in found.document["test_tasks"]] == [False]
        assert redis.llen("nowhere") == 1


def test_results_are_counted_where_the_application_keeps_them(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as server, Redis.from_url(server.database(2)) as store:
        store.set("shop_celery-task-meta-1", '{"status": "SUCCESS", "result": null}')
        store.set("celery-task-meta-2", '{"status": "FAILURE", "result": null}')
        settings = {
            "broker_url": server.url,
            "broker_transport_options": {"global_keyprefix": "of messages:"},
            "result_backend": server.database(2),
            "result_backend_transport_options": {"global_keyprefix": "shop"},
        }
        found = health(settings, "--check-redis")
    assert found.document["redis"]["tasks"]["by_state"] == {"SUCCESS": 1}
