"""The order quarantine: its file, and what the report says is in force."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from celery_health.wire.bounds import QUARANTINE_BYTES
from celery_health.wire.orders import QuarantineBody
from celery_probe.sidecar.endpoints.worker import worker_app
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.orders.quarantine_list import QuarantineList
from celery_probe.sidecar.token import Token

TOKEN = "s3cret"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
ORDER = {"queue": "shop.dead-letter", "ids": ["a1", "a2"]}


def names(directory: Path) -> list[str]:
    return [file.name for file in directory.iterdir()]


async def post(observer: WorkerObserver, body: bytes, headers: dict[str, str]) -> tuple[int, Any, Any]:
    """The status and document of the answer, and the quarantine that the report then shows."""
    async with TestClient(TestServer(worker_app(observer, Token(TOKEN)))) as client:
        answer = await client.post("/quarantine", data=body, headers=headers)
        report = await (await client.get("/report", headers=HEADERS)).json()
        return answer.status, await answer.json(), report["quarantine"]


async def test_each_order_replaces_the_quarantine(observer: WorkerObserver, tmp_path: Path) -> None:
    for order in (ORDER, {**ORDER, "ids": ["a2"]}, {**ORDER, "ids": []}):
        assert await post(observer, json.dumps(order).encode(), HEADERS) == (202, order, order)
        written = json.loads((tmp_path / "quarantine.json").read_bytes())
        assert written == {"version": 1, "quarantine": order}
        assert names(tmp_path) == ["quarantine.json"]


async def test_without_the_token_nothing_is_written(observer: WorkerObserver, tmp_path: Path) -> None:
    status, answer, in_force = await post(observer, json.dumps(ORDER).encode(), {})
    assert (status, answer["reason"], in_force) == (401, "Unauthorized", None)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"queue": "", "ids": []}',
        b'{"queue": "q", "ids": "a"}',
        json.dumps({"queue": "q", "ids": ["a"] * 101}).encode(),
        b" " * (QUARANTINE_BYTES + 1),
    ],
)
async def test_an_order_outside_its_bounds_is_refused(
    observer: WorkerObserver, tmp_path: Path, body: bytes
) -> None:
    status, answer, in_force = await post(observer, body, HEADERS)
    assert (status, answer["reason"], in_force) == (400, "BadRequest", None)
    assert names(tmp_path) == []


async def test_a_quarantine_that_cannot_be_written_is_an_error(
    observer: WorkerObserver, tmp_path: Path
) -> None:
    (tmp_path / "quarantine.json").mkdir()
    status, answer, _ = await post(observer, json.dumps(ORDER).encode(), HEADERS)
    assert (status, answer["reason"]) == (500, "NotWritten")


def test_a_quarantine_outlives_the_sidecar(tmp_path: Path) -> None:
    order = QuarantineBody("shop.dead-letter", ("a1",))
    QuarantineList(tmp_path).set(order)
    assert QuarantineList(tmp_path).in_force == order
    assert (tmp_path / "quarantine.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("text", [b"", b"{}", b'{"version": 2, "quarantine": {"queue": "q", "ids": []}}'])
def test_an_unreadable_file_is_no_quarantine(tmp_path: Path, text: bytes) -> None:
    quarantine = QuarantineList(tmp_path)
    quarantine.set(QuarantineBody("q", ("a",)))
    (tmp_path / "quarantine.json").write_bytes(text)
    quarantine.refresh()
    assert quarantine.in_force is None
