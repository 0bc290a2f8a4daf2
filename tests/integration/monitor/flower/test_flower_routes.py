"""The routes that read Flower's API, on a real Redis and a real worker, with the fields of Flower 2.2."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from tools.testbed.servers import RedisServer, redis_server

from celery_monitor.history import History
from celery_monitor.live.views import WorkerView
from celery_monitor.records.states import FAILURE, STARTED, SUCCESS
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.settings import ServerSettings
from tests.integration.monitor.compatible.harness import Client, answered, get, monitor, until, worker
from tests.support.monitor_web import VIEWER, FakeLive

FIELDS = Path(__file__).parents[3] / "unit/monitor/web/flower/flower_2_2.json"
FLOWER: dict[str, Any] = json.loads(FIELDS.read_text())
WORKER = "worker1@hostname"
SERVER = ServerSettings(flower_api=True)
LIVE = FakeLive(worker_views=[WorkerView(name=WORKER, online=True), WorkerView(name="gone@h", online=False)])
TASKS = [
    TaskRecord(
        id=f"task-{number}",
        name="shop.mail" if number % 2 else "shop.pay",
        state=SUCCESS if number < 3 else FAILURE,
        worker=WORKER,
        received=1_700_000_000.0 + 60 * number,
        started=1_700_000_001.0 + 60 * number,
        finished=1_700_000_002.0 + 60 * number,
        result="'sent'" if number < 3 else None,
        exception=None if number < 3 else "KeyError('address')",
        traceback=None if number < 3 else "Traceback ...",
        args=f"('customer-{number}',)",
        state_time=1_700_000_002.0,
        updated=1_700_000_002.0,
    )
    for number in range(5)
]
NOT_STARTED = TaskRecord(id="task-5", name="shop.pay", received=1_700_000_600.0, updated=1.0)


@asynccontextmanager
async def flower(redis: RedisServer, tmp_path: Path) -> AsyncIterator[Client]:
    """A monitor with a history of six tasks."""
    history = await History.open(f"sqlite:///{tmp_path}/filled.sqlite")
    await history.write([*TASKS, NOT_STARTED])
    async with monitor(redis.url, server=SERVER, live=LIVE, history=history) as client:
        yield client
    await history.close()


async def text(client: Client, path: str) -> tuple[int, str, str]:
    async with client.get(path, headers=VIEWER) as response:
        return response.status, response.content_type, await response.text()


def complete(_: int, document: Any) -> bool:
    """Whether the worker has answered each command: on a busy machine it may miss the time of some."""
    found, expected = document[WORKER], FLOWER["/api/workers"]
    has_stats = found["stats"].keys() >= set(expected["stats"])
    return bool(found.keys() == set(expected["worker"]) and has_stats and found["active_queues"])


def with_tasks(_: int, document: Any) -> bool:
    found = document[WORKER]
    is_whole = found.keys() == set(FLOWER["/api/workers?workername="]["worker"])
    return bool(is_whole and found["active"] and found["scheduled"])


async def test_workers_with_the_answers_of_remote_control(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, worker(tmp_path, redis.url):
        async with flower(redis, tmp_path) as client:
            found = await until(client, "/api/workers?refresh=1", complete)
            expected = FLOWER["/api/workers"]
            assert set(found[WORKER]["stats"]["broker"]) == set(expected["broker"])
            assert set(found[WORKER]["active_queues"][0]) == set(expected["active_queues"])
            assert "upstream.tasks.send_alert" in found[WORKER]["registered"]

            app = Celery(broker=redis.url, set_as_current=False)
            app.send_task("upstream.tasks.send_alert", [300])
            app.send_task("upstream.tasks.send_alert", countdown=3600)
            one = f"/api/workers?refresh=1&workername={WORKER}"
            found = await until(client, one, with_tasks)
            expected = FLOWER["/api/workers?workername="]
            assert set(found[WORKER]["active"][0]) == set(expected["active"])
            assert set(found[WORKER]["scheduled"][0]) == set(expected["scheduled"])

            _, found = await get(client, "/api/workers")
            assert "active" not in found[WORKER]
            assert await text(client, "/api/workers?workername=nope") == (
                404,
                "text/plain",
                "Unknown worker 'nope'",
            )


async def test_the_status_of_workers_and_a_broker_that_is_away(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with flower(redis, tmp_path) as client:
            assert await get(client, "/api/workers?status=1") == (200, {WORKER: True, "gone@h": False})
            redis.stop()
            status, _, found = await text(client, "/api/workers?refresh=1")
            assert status == 503
            assert "Failed to update workers" in found
            assert (await text(client, "/api/queues/length"))[0] == 503
            assert (await text(client, "/api/task/result/task-1"))[0] == 503


async def test_tasks_their_order_and_their_fields(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with flower(redis, tmp_path) as client:
            _, found = await get(client, "/api/tasks")
            assert list(found) == ["task-5", "task-4", "task-3", "task-2", "task-1", "task-0"]
            assert list(found["task-4"]) == FLOWER["/api/tasks"]["task"]
            assert "worker" not in found["task-5"]

            status, info = await get(client, "/api/task/info/task-4")
            assert status == 200
            assert list(info) == FLOWER["/api/task/info/ID"]["task"]
            assert info["traceback"] == "Traceback ..."
            assert await text(client, "/api/task/info/none") == (404, "text/plain", "Unknown task 'none'")
            assert await get(client, "/api/task/types") == (200, {"task-types": ["shop.mail", "shop.pay"]})


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("limit=2", "54"),
        ("limit=2&offset=1", "43"),
        ("limit=0", ""),
        ("offset=5", "0"),
        ("offset=-3&limit=1", "5"),
        ("sort_by=received", "012345"),
        ("sort_by=-received&limit=1", "5"),
        ("taskname=shop.mail", "31"),
        ("taskname=All&workername=All&state=All&limit=1", "5"),
        ("state=FAILURE", "43"),
        (f"workername={WORKER}&limit=1", "4"),
        ("search=state:FAILURE+name:mail", "3"),
        ("search=customer-2", "2"),
        ("received_start=2000-01-01+00:00&limit=1", "5"),
        ("received_end=2000-01-01+00:00", ""),
        ("anything=else&limit=1", "5"),
    ],
)
async def test_the_parameters_of_the_list(query: str, ids: str, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with flower(redis, tmp_path) as client:
            status, found = await get(client, f"/api/tasks?{query}")
            assert (status, list(found)) == (200, [f"task-{number}" for number in ids])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sort_by=runtime", "Invalid sort_by 'runtime', expected one of name, received, started, state"),
        ("received_start=2026", "expected format 'YYYY-MM-DD HH:MM'"),
        ("limit=x", "limit"),
        ("offset=10001", "offset"),
    ],
)
async def test_values_that_cannot_be_used_are_400_and_text(query: str, message: str, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with flower(redis, tmp_path) as client:
            status, kind, found = await text(client, f"/api/tasks?{query}")
            assert (status, kind) == (400, "text/plain")
            assert message in found


async def test_a_search_that_cannot_be_read_is_400_and_json(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with flower(redis, tmp_path) as client:
            status, found = await get(client, "/api/tasks?search=one+OR+two")
            assert status == 400
            assert list(found) == ["error"]


async def test_results_and_queue_lengths(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        app = Celery(broker=redis.url, backend=redis.url, set_as_current=False)
        app.backend.store_result("good", {"sum": 3}, SUCCESS)
        app.backend.store_result("bad", KeyError("address"), FAILURE, traceback="Traceback ...")
        app.backend.store_result("busy", None, STARTED)
        async with flower(redis, tmp_path) as client:
            expected = FLOWER["/api/task/result/ID"]
            good = await until(client, "/api/task/result/good", answered)
            assert good == {"task-id": "good", "state": "SUCCESS", "result": {"sum": 3}}
            assert list(good) == expected["SUCCESS"]
            bad = await until(client, "/api/task/result/bad", answered)
            assert list(bad) == expected["FAILURE"]
            assert bad["result"] == "KeyError('address')"
            busy = await until(client, "/api/task/result/busy?timeout=0.2", answered)
            assert busy == {"task-id": "busy", "state": "STARTED"}
            none = await until(client, "/api/task/result/none", answered)
            assert list(none) == expected["PENDING"]
            lengths = await until(client, "/api/queues/length", answered)
            assert lengths == {"active_queues": [{"name": "celery", "messages": 0}]}


async def test_the_routes_are_there_with_the_option_alone_and_need_a_token(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        async with monitor(redis.url) as client:
            assert (await text(client, "/api/tasks"))[0] == 404
        async with flower(redis, tmp_path) as client, client.get("/api/tasks") as response:
            assert response.status == 401
            assert response.content_type == "text/plain"
