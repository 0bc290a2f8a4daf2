"""The order task events: its file, and what the report says was requested."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from celery_health.wire.answers import WORKER_ANSWER
from celery_probe.sidecar.endpoints.worker import worker_app
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.orders.task_events_request import TaskEventsRequest
from celery_probe.sidecar.token import Token

TOKEN = "s3cret"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def names(directory: Path) -> list[str]:
    return [file.name for file in directory.iterdir()]


async def post(observer: WorkerObserver, body: bytes, headers: dict[str, str]) -> tuple[int, Any, Any]:
    """The status and document of the answer, and the request that the report then shows."""
    async with TestClient(TestServer(worker_app(observer, Token(TOKEN)))) as client:
        answer = await client.post("/task-events", data=body, headers=headers)
        report = WORKER_ANSWER.decode(await (await client.get("/report", headers=HEADERS)).read())
        return answer.status, await answer.json(), report.task_events_requested


async def test_the_file_follows_the_orders(observer: WorkerObserver, tmp_path: Path) -> None:
    file = tmp_path / "task-events"
    for enabled in (True, True, False, False, True):
        body = json.dumps({"enabled": enabled}).encode()
        assert await post(observer, body, HEADERS) == (202, {"enabled": enabled}, enabled)
        assert file.exists() is enabled


async def test_without_the_token_nothing_is_written(observer: WorkerObserver, tmp_path: Path) -> None:
    status, answer, requested = await post(observer, b'{"enabled": true}', {})
    assert (status, answer["reason"], requested) == (401, "Unauthorized", False)
    assert names(tmp_path) == []


@pytest.mark.parametrize("body", [b"", b"{}", b'{"enabled": 1}', b'{"enabled": true' + b" " * 2000 + b"}"])
async def test_an_order_outside_its_bounds_is_refused(
    observer: WorkerObserver, tmp_path: Path, body: bytes
) -> None:
    status, answer, requested = await post(observer, body, HEADERS)
    assert (status, answer["reason"], requested) == (400, "BadRequest", False)
    assert names(tmp_path) == []


async def test_a_request_that_cannot_be_removed_is_an_error(observer: WorkerObserver, tmp_path: Path) -> None:
    (tmp_path / "task-events").mkdir()
    status, answer, _ = await post(observer, b'{"enabled": false}', HEADERS)
    assert (status, answer["reason"]) == (500, "NotWritten")


def test_a_request_outlives_the_sidecar(tmp_path: Path) -> None:
    TaskEventsRequest(tmp_path).set(True)
    assert TaskEventsRequest(tmp_path).is_requested
    assert (tmp_path / "task-events").stat().st_mode & 0o777 == 0o644
