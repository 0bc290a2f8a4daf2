"""Document 004: POST /tasks/submit, GET /tasks/status/<task_id>, /tasks/health and /tasks/queue/stats."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for_async

from tests.integration.monitor.compatible.harness import Client, answered, get, monitor, until, worker
from tests.support.monitor_web import ADMIN, OPERATOR, VIEWER

TASK = "redline.background.tasks.process_data_conversion"
ALLOWED = {
    "process_data_conversion": TASK,
    "redline.background.tasks.process_data_analysis": "redline.background.tasks.process_data_analysis",
}
QUEUE = ("-Q", "redline_tasks")
# The body of "Submit a Background Task".
EXAMPLE = {
    "task_name": "process_data_conversion",
    "kwargs": {"input_file": "data.csv", "output_format": "parquet", "output_file": "output.parquet"},
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def submit(client: Client, body: Any, **headers: str) -> tuple[int, Any]:
    data = body if isinstance(body, str) else json.dumps(body)
    given = {"Content-Type": "application/json", **headers}
    async with client.post("/tasks/submit", data=data, headers={**OPERATOR, **given}) as response:
        return response.status, await response.json()


def has_state(status: int, document: Any, state: str) -> bool:
    return status == 200 and document["status"] == state


async def submitted(
    client: Client, body: Any, headers: Mapping[str, str] = MappingProxyType({}), *, warned: bool = False
) -> Any:
    """The answer to a task that was sent to the queue of its worker, or with a warning.

    The broker or the worker may miss the time of one check: then it is sent again.
    """

    async def sent() -> Any:
        status, document = await submit(client, body, **headers)
        assert status in {200, 503}, document
        return document if status == 200 and bool(document["warning"]) is warned else None

    return await wait_for_async(sent, describe="the task is sent")


@asynccontextmanager
async def redline(tmp_path: Path, redis: RedisServer) -> AsyncIterator[Client]:
    """A monitor, and a worker of the document's application that consumes."""
    with worker(tmp_path, redis.url, "redline", arguments=QUEUE):
        async with monitor(redis.url, submit=ALLOWED) as client:
            await until(client, "/tasks/health", lambda status, _: status == 200)
            yield client


async def test_a_task_is_sent_to_the_queue_of_its_worker_and_followed_to_its_result(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with redline(tmp_path, redis) as client:
            sent = await submitted(client, EXAMPLE)
            assert sent["status"] == "submitted"
            assert sent["task_name"] == TASK
            assert sent["queue"] == "redline_tasks"
            assert sent["warning"] is None

            path = f"/tasks/status/{sent['task_id']}"
            done = await until(client, path, lambda status, one: has_state(status, one, "SUCCESS"))
            assert done["task_id"] == sent["task_id"]
            assert done["result"] == {
                "input_file": "data.csv",
                "output_file": "output.parquet",
                "format": "parquet",
            }
            assert done["error"] is None
            assert done["completed_at"]


async def test_a_sent_task_and_a_refused_one_are_in_the_audit(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url, submit=ALLOWED) as client:
            sent = await submitted(client, {**EXAMPLE, "queue": "redline_tasks"}, warned=True)
            await client.post("/tasks/submit", json=EXAMPLE, headers=VIEWER)
            path = "/api/automation/monitoring/audit"
            async with client.get(path, headers=ADMIN) as response:
                refused, done, *not_taken = (await response.json())["entries"]
            assert all(entry["outcome"].startswith("refused: 503") for entry in not_taken)
            assert (done["action"], done["subject"], done["outcome"]) == ("submit_task", TASK, "done")
            assert done["identity"] == "the-operator"
            assert sent["task_id"] in done["detail"]
            assert "data.csv" not in json.dumps(done)
            assert refused["identity"] == "the-viewer"
            assert refused["outcome"].startswith("refused: 403")


async def test_the_content_type_of_curl_is_accepted(tmp_path: Path) -> None:
    """The curl line of "Test Task Submission" sends JSON without a content type, so curl calls it a form."""
    with redis_server(tmp_path / "redis") as redis:
        async with redline(tmp_path, redis) as client:
            assert (await submitted(client, EXAMPLE, FORM))["status"] == "submitted"


async def test_a_body_that_is_not_json_is_refused(tmp_path: Path) -> None:
    """The same line has a placeholder in its body: {"task_name": ..., "kwargs": {...}}."""
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url, submit=ALLOWED) as client:
            body = '{"task_name": "process_data_conversion", "kwargs": {...}}'
            status, refused = await submit(client, body, **FORM)
            assert status == 400
            assert "JSON" in refused["error"]


async def test_a_failed_task_shows_its_error_without_secrets(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with redline(tmp_path, redis) as client:
            sent = await submitted(client, {"task_name": "process_data_analysis"})
            path = f"/tasks/status/{sent['task_id']}"
            failed = await until(client, path, lambda status, one: has_state(status, one, "FAILURE"))
            assert "ValueError" in failed["error"]
            assert "ValueError" in failed["traceback"]
            assert "geheim" not in json.dumps(failed)


async def test_an_unknown_name_is_refused_with_the_way_to_allow_it(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url, submit=ALLOWED) as client:
            status, refused = await submit(client, {"task_name": "os.system"})
            assert status == 400
            assert "--submit-task" in refused["error"]
            assert "process_data_conversion" in refused["valid_tasks"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"task_name": 7},
        {"task_name": "process_data_conversion", "kwargs": []},
        {"task_name": "process_data_conversion", "args": list(range(101))},
        {"task_name": "process_data_conversion", "queue": "a b"},
        {"task_name": "process_data_conversion", "queue": "x" * 256},
        {"task_name": "process_data_conversion", "priority": 256},
        {"task_name": "process_data_conversion", "countdown": -1},
        {"task_name": "process_data_conversion", "countdown": 1e12},
        {"task_name": "process_data_conversion", "eta": "tomorrow"},
    ],
    ids=str,
)
async def test_a_body_with_unusable_values_is_refused(body: Any, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url, submit=ALLOWED) as client:
            status, refused = await submit(client, body)
            assert status == 422
            assert refused["error"]


async def test_a_viewer_may_not_send(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url, submit=ALLOWED) as client:
            response = await client.post("/tasks/submit", json=EXAMPLE, headers=VIEWER)
            assert response.status == 403
            assert "operator" in (await response.json())["error"]


async def test_a_task_that_was_never_seen_is_pending(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url) as client:
            document = await until(client, "/tasks/status/none-such", answered)
            assert (document["status"], document["known"]) == ("PENDING", False)


async def test_health_and_numbers_of_a_running_application(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with redline(tmp_path, redis) as client:
            health = await until(client, "/tasks/health", lambda _, one: one["status"] == "healthy")
            assert health["celery_available"] is True
            assert health["celery_connected"] is True
            assert health["active_workers"] == ["worker1@hostname"]
            assert health["recommendations"] == []

            def are_complete(_: int, stats: Any) -> bool:
                worker = stats["worker_stats"]["worker1@hostname"]
                known = (worker["slots"], worker["queues"], stats["queues"])
                return known == (2, ["redline_tasks"], {"redline_tasks": 0})

            stats = await until(client, "/tasks/queue/stats", are_complete)
            assert health["queue_stats"].keys() == stats.keys()
            assert stats["active_tasks"] == stats["scheduled_tasks"] == stats["reserved_tasks"] == 0


async def test_without_a_worker_health_is_unhealthy_and_a_task_is_sent_with_a_warning(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url, submit=ALLOWED) as client:

            def is_connected(status: int, health: Any) -> bool:
                return status == 503 and health["celery_connected"] is True

            health = await until(client, "/tasks/health", is_connected)
            assert health["status"] == "unhealthy"
            assert health["recommendations"] == ["Start Celery workers: celery -A APP worker --loglevel=info"]
            sent = await submitted(client, {**EXAMPLE, "queue": "redline_tasks"}, warned=True)
            assert "redline_tasks" in sent["warning"]


@pytest.mark.parametrize("fault", ["stop", "pause"])
async def test_while_the_broker_is_away_every_route_answers_503(fault: str, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url, submit=ALLOWED) as client:
            getattr(redis, fault)()
            for path in ("/tasks/status/some-task", "/tasks/queue/stats", "/tasks/health"):
                status, document = await get(client, path)
                assert status == 503, path
                assert str(redis.port) in document["error"]
            status, document = await submit(client, EXAMPLE)
            assert status == 503
            assert str(redis.port) in document["error"]
            redis.resume()


async def test_sending_works_again_when_the_broker_is_back(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url, submit=ALLOWED) as client:
            redis.stop()
            assert (await submit(client, EXAMPLE))[0] == 503
            redis.start()
            await until(client, "/tasks/health", lambda _, one: one["celery_connected"])
            await submitted(client, EXAMPLE, warned=True)
