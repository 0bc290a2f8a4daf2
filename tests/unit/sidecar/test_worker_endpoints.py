"""Each endpoint answers from memory, in JSON that says why."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from celery_health.exposition import Family
from celery_health.wire.names import TOKEN_HEADER
from celery_probe.sidecar.broker.checks import BrokerChecks
from celery_probe.sidecar.endpoints.worker import worker_app
from celery_probe.sidecar.observe.evidence import WORKER_FILE, ProcessEvidence
from celery_probe.sidecar.observe.worker import WorkerObserver
from celery_probe.sidecar.orders.drain_request import DrainRequest
from celery_probe.sidecar.token import Token
from tests.unit.sidecar.clock import Clock
from tests.unit.wire.documents import worker_document

TOKEN = "s3cret-tökn"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
TASK: dict[str, Any] = {"id": "task-4711", "name": "shop.tasks.sell", "started_at": 1700000000.5}
Client = TestClient[Request, Application]


@pytest.fixture
def observer(tmp_path: Path, clock: Clock) -> WorkerObserver:
    return WorkerObserver(
        ProcessEvidence(tmp_path, WORKER_FILE, clock), BrokerChecks("", clock), DrainRequest(tmp_path), clock
    )


@pytest.fixture
async def client(observer: WorkerObserver) -> AsyncIterator[Client]:
    async with TestClient(TestServer(worker_app(observer, Token(TOKEN)))) as client:
        yield client


def reported(directory: Path, observer: WorkerObserver, **changes: object) -> None:
    now = time.monotonic()
    document = worker_document(**{"written_mono": now, "loop_mono": now, **changes})
    (directory / "report.json").write_text(json.dumps(document))
    observer.refresh()


async def statuses(client: Client) -> dict[str, int]:
    return {path: (await client.get(path)).status for path in ("/startupz", "/livez", "/readyz")}


async def test_before_the_first_report_only_liveness_passes(client: Client) -> None:
    assert await statuses(client) == {"/startupz": 503, "/livez": 200, "/readyz": 503}


async def test_a_consuming_worker_passes_every_probe(
    client: Client, tmp_path: Path, observer: WorkerObserver
) -> None:
    reported(tmp_path, observer)
    assert await statuses(client) == {"/startupz": 200, "/livez": 200, "/readyz": 200}
    answer = await client.get("/readyz")
    assert await answer.json() == {"reason": "Consuming", "message": "The worker consumes from 2 queues."}


def test_broker_checks_verify_certificates_as_the_python_of_the_worker_does(
    tmp_path: Path, observer: WorkerObserver
) -> None:
    reported(tmp_path, observer, python_version="3.11.7")
    known = observer.broker.python
    (tmp_path / "report.json").unlink()
    observer.refresh()
    assert (known, observer.broker.python) == ((3, 11), None)


async def test_a_refused_probe_says_why(client: Client, tmp_path: Path, observer: WorkerObserver) -> None:
    reported(tmp_path, observer, consuming=False)
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["reason"] == "Deaf"


async def test_a_head_request_is_answered_as_the_get(client: Client) -> None:
    assert (await client.head("/livez")).status == 200


async def test_the_report_carries_all_that_the_sidecar_knows(
    client: Client, tmp_path: Path, observer: WorkerObserver
) -> None:
    reported(tmp_path, observer, temperature=21)
    answer = await (await client.get("/report", headers=AUTHORIZED)).json()
    assert answer["version"] == 1
    assert answer["process"] == "unseen"
    assert 0 <= answer["written_age"] < 60
    assert 0 <= answer["loop_age"] < 60
    assert answer["report"]["reserved"] == 3
    assert "temperature" not in answer["report"], "an unknown key has no bounds"
    assert answer["verdict"] == {
        "reason": "Consuming",
        "message": "The worker consumes from 2 queues.",
        "started": True,
        "live": True,
        "ready": True,
        "consuming": True,
    }
    assert answer["broker"]["reachable"] is None
    assert answer["broker"]["checked_age"] is None
    assert answer["drain_requested"] is False
    assert answer["drain_requested_for"] is None


async def test_without_a_report_its_fields_are_null(client: Client) -> None:
    answer = await (await client.get("/report", headers=AUTHORIZED)).json()
    assert (answer["report"], answer["written_age"], answer["loop_age"]) == (None, None, None)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "Bearer wrong"}, 403), ({TOKEN_HEADER: "wrong"}, 403), (AUTHORIZED, 200)],
)
async def test_the_report_names_tasks_to_callers_with_the_token_only(
    client: Client, tmp_path: Path, observer: WorkerObserver, headers: dict[str, str], status: int
) -> None:
    reported(tmp_path, observer, active=[TASK])
    answer = await client.get("/report", headers=headers)
    assert answer.status == status
    assert (str(TASK["id"]) in await answer.text()) == (status == 200)


async def test_what_is_open_to_all_names_no_task(
    client: Client, tmp_path: Path, observer: WorkerObserver
) -> None:
    reported(tmp_path, observer, active=[TASK])
    for path in ("/startupz", "/livez", "/readyz", "/healthz", "/metrics"):
        answer = await client.get(path)
        assert answer.status == 200
        assert not {TASK["id"], TASK["name"]} & set(re.split(r"[^a-z0-9.-]", await answer.text()))


async def test_metrics_are_prometheus_text(client: Client, tmp_path: Path, observer: WorkerObserver) -> None:
    reported(tmp_path, observer)
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "celery_worker_consuming 1\n" in await answer.text()


async def test_a_sidecar_that_no_longer_refreshes_fails_its_own_probe(client: Client, clock: Clock) -> None:
    assert (await client.get("/healthz")).status == 200
    clock.ahead = 6
    answer = await client.get("/healthz")
    assert answer.status == 503
    assert (await answer.json())["reason"] == "Stuck"


async def test_a_drain_is_set_and_taken_back_as_often_as_asked(client: Client, tmp_path: Path) -> None:
    headers = AUTHORIZED
    for path, wanted in (("/drain", True), ("/drain", True), ("/undrain", False), ("/undrain", False)):
        answer = await client.post(path, headers=headers)
        assert answer.status == 202
        assert await answer.json() == {"drain_requested": wanted}
        assert (tmp_path / "drain").exists() is wanted
        answered = await (await client.get("/report", headers=AUTHORIZED)).json()
        assert answered["drain_requested"] is wanted
        assert (
            0 <= answered["drain_requested_for"] < 60 if wanted else answered["drain_requested_for"] is None
        )


async def test_many_scrapes_share_their_renderings(
    client: Client, observer: WorkerObserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def metrics() -> list[Family]:
        calls.append(sum(range(1_000_000)))
        return []

    monkeypatch.setattr(observer, "metrics", metrics)
    answers = await asyncio.gather(*(client.get("/metrics") for _ in range(50)))
    assert [answer.status for answer in answers] == [200] * 50
    assert len(calls) < 10


async def test_a_drain_may_expire(client: Client) -> None:
    headers = AUTHORIZED
    assert (await client.post("/drain", headers=headers, json={"expires_after": 300})).status == 202
    answered = await (await client.get("/report", headers=AUTHORIZED)).json()
    assert 290 < answered["drain_expires_in"] <= 300
    assert (await client.post("/drain", headers=headers, json={})).status == 202
    assert (await (await client.get("/report", headers=AUTHORIZED)).json())["drain_expires_in"] is None


@pytest.mark.parametrize("body", [b"soon", b'{"expires_after": 0}', b'{"expires_after": 1e9}'])
async def test_a_drain_with_an_invalid_body_is_refused(client: Client, tmp_path: Path, body: bytes) -> None:
    answer = await client.post("/drain", headers=AUTHORIZED, data=body)
    assert answer.status == 400
    assert "expires_after" in (await answer.json())["message"]
    assert not (tmp_path / "drain").exists()


async def test_a_drain_set_before_the_sidecar_started_still_stands(tmp_path: Path) -> None:
    (tmp_path / "drain").touch()
    assert DrainRequest(tmp_path).is_requested


@pytest.mark.parametrize(
    ("header", "status", "reason"),
    [
        (None, 401, "Unauthorized"),
        ("Bearer", 401, "Unauthorized"),
        (f"Basic {TOKEN}", 401, "Unauthorized"),
        ("Bearer wrong", 403, "Forbidden"),
        ("Bearer wröng", 403, "Forbidden"),
    ],
)
async def test_a_drain_without_the_token_is_refused(
    client: Client, tmp_path: Path, header: str | None, status: int, reason: str
) -> None:
    headers = {"Authorization": header} if header else {}
    for path in ("/drain", "/undrain"):
        answer = await client.post(path, headers=headers)
        assert answer.status == status
        assert (await answer.json())["reason"] == reason
        assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert not (tmp_path / "drain").exists()


@pytest.mark.parametrize(
    ("shown", "status", "reason"),
    [(TOKEN, 202, None), (f" {TOKEN} ", 202, None), ("wrong", 403, "Forbidden"), (" ", 401, "Unauthorized")],
)
async def test_the_token_may_come_in_a_header_that_proxies_let_pass(
    client: Client, shown: str, status: int, reason: str | None
) -> None:
    answer = await client.post("/drain", headers={TOKEN_HEADER: shown})
    assert answer.status == status
    assert (await answer.json()).get("reason") == reason


async def test_the_header_of_its_own_counts_before_that_of_a_proxy(client: Client) -> None:
    headers = {"Authorization": "Bearer of-the-proxy", TOKEN_HEADER: TOKEN}
    assert (await client.post("/drain", headers=headers)).status == 202
    wrong = {"Authorization": f"Bearer {TOKEN}", TOKEN_HEADER: "wrong"}
    assert (await client.post("/drain", headers=wrong)).status == 403


@pytest.mark.parametrize("path", ["/report", "/drain", "/undrain", "/restart-hold", "/quarantine"])
async def test_without_a_configured_token_the_report_and_every_order_are_refused(
    observer: WorkerObserver, path: str
) -> None:
    async with TestClient(TestServer(worker_app(observer, Token()))) as client:
        method = "GET" if path == "/report" else "POST"
        answer = await client.request(method, path, headers={"Authorization": "Bearer "})
        assert answer.status == 403
        answered = await answer.json()
        assert answered["reason"] == "NoToken"
        assert "CELERY_PROBE_TOKEN" in answered["message"]


@pytest.mark.parametrize("path", ["/drain", "/undrain"])
async def test_a_drain_is_no_get(client: Client, path: str) -> None:
    answer = await client.get(path, headers=AUTHORIZED)
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"


async def test_a_drain_request_that_cannot_be_written_is_an_error(client: Client, tmp_path: Path) -> None:
    (tmp_path / "drain").mkdir()
    answer = await client.post("/undrain", headers=AUTHORIZED)
    assert answer.status == 500
    assert (await answer.json())["reason"] == "NotWritten"
