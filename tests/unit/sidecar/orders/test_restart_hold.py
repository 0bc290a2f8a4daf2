"""A held worker passes liveness whatever its verdict says, until the hold ends or lapses."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from celery_probe.sidecar.endpoints.worker import worker_app
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.orders.restart_hold import RestartHold
from celery_probe.sidecar.token import Token
from tests.unit.sidecar.clock import Clock
from tests.unit.sidecar.holders import Holder
from tests.unit.wire.documents import worker_document

TOKEN = "s3cret"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
Client = TestClient[Request, Application]


@pytest.fixture
def wedged(observer: WorkerObserver, tmp_path: Path) -> Iterator[WorkerObserver]:
    """An observer of a worker that lives and whose loop stands."""
    holder = Holder(tmp_path / "worker.lock")
    now = time.monotonic()
    document = worker_document(written_mono=now, loop_mono=now - 600)
    (tmp_path / "report.json").write_text(json.dumps(document))
    observer.refresh()
    yield observer
    holder.kill()


@pytest.fixture
async def client(wedged: WorkerObserver) -> AsyncIterator[Client]:
    async with TestClient(TestServer(worker_app(wedged, Token(TOKEN)))) as client:
        yield client


async def hold(client: Client, seconds: Any) -> int:
    answer = await client.post("/restart-hold", headers=AUTHORIZED, json={"seconds": seconds})
    return answer.status


async def livez(client: Client) -> tuple[int, str, str]:
    answer = await client.get("/livez")
    body = await answer.json()
    return answer.status, body["reason"], body["message"]


async def test_a_worker_with_a_restart_hold_passes_liveness_and_its_verdict_is_still_reported(
    client: Client,
) -> None:
    assert (await livez(client))[:2] == (503, "Wedged")
    assert await hold(client, 20) == 202
    status, reason, message = await livez(client)
    assert (status, reason) == (200, "Wedged")
    assert message.endswith("(restart hold)")
    report = await (await client.get("/report", headers=AUTHORIZED)).json()
    assert 0 < report["restart_hold_seconds_left"] <= 20
    assert report["verdict"]["live"] is False
    assert "celery_worker_restart_hold 1\n" in await (await client.get("/metrics")).text()


async def test_a_hold_costs_no_other_probe_its_answer(client: Client) -> None:
    await hold(client, 20)
    assert (await client.get("/readyz")).status == 503


async def test_a_hold_lapses_by_itself(client: Client, clock: Clock) -> None:
    await hold(client, 2)
    clock.ahead = 3
    assert (await livez(client))[0] == 503
    report = await (await client.get("/report", headers=AUTHORIZED)).json()
    assert report["restart_hold_seconds_left"] is None
    assert "celery_worker_restart_hold 0\n" in await (await client.get("/metrics")).text()


async def test_a_hold_of_no_seconds_ends_the_one_before(client: Client) -> None:
    await hold(client, 300)
    answer = await client.post("/restart-hold", headers=AUTHORIZED, json={"seconds": 0})
    assert (answer.status, await answer.json()) == (202, {"restart_hold_seconds_left": None})
    assert (await livez(client))[0] == 503


async def test_the_last_hold_counts(client: Client, clock: Clock) -> None:
    await hold(client, 300)
    await hold(client, 1)
    clock.ahead = 2
    assert (await livez(client))[0] == 503


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        "20",
        '{"seconds": true}',
        '{"seconds": "20"}',
        '{"seconds": -1}',
        '{"seconds": 301}',
        '{"seconds": NaN}',
        "[" * 100_000,
    ],
)
async def test_a_hold_that_cannot_be_read_is_refused_with_what_to_send(client: Client, body: str) -> None:
    answer = await client.post("/restart-hold", headers=AUTHORIZED, data=body)
    assert answer.status == 400
    said = await answer.json()
    assert (said["reason"], '{"seconds": N}' in said["message"]) == ("BadRequest", True)
    assert (await livez(client))[0] == 503


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Authorization": "Bearer wrong"}, 403)])
async def test_a_hold_without_the_token_is_refused(
    client: Client, headers: dict[str, str], status: int
) -> None:
    answer = await client.post("/restart-hold", headers=headers, json={"seconds": 20})
    assert answer.status == status
    assert (await livez(client))[0] == 503


async def test_a_live_worker_that_is_held_is_not_said_to_be(
    client: Client, tmp_path: Path, wedged: WorkerObserver
) -> None:
    await hold(client, 20)
    now = time.monotonic()
    (tmp_path / "report.json").write_text(json.dumps(worker_document(written_mono=now, loop_mono=now)))
    wedged.refresh()
    assert (await livez(client))[2] == "The worker consumes from 2 queues."


def test_nothing_is_held_before_the_first_order() -> None:
    assert RestartHold(time.monotonic).seconds_left() is None
