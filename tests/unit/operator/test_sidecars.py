"""Readings of sidecars over HTTP, whatever a pod answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.aio.client.configuration import Configuration

from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.bounds import ANSWER_BYTES
from celery_health.wire.names import TOKEN_HEADER
from celery_operator import sidecar_address
from celery_operator.bounded_body import peer_session
from celery_operator.kube import Kube
from celery_operator.observe import beat, sidecars
from celery_operator.observe.reports import PodReadings, Reports
from celery_operator.observe.sidecars import (
    DirectSource,
    ProxySource,
    SidecarError,
    Sidecars,
    as_of_now,
    reading_of,
)
from celery_operator.snapshot import SidecarReading
from tests.unit.wire.documents import beat_answer, encoded, worker_answer, worker_document

TOKEN = "s3cret"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def pod(uid: str = "1", **status: Any) -> dict[str, Any]:
    metadata = {"uid": uid, "namespace": "market", "name": f"shop-{uid}"}
    return {"metadata": metadata, "status": {"phase": "Running", "podIP": "127.0.0.1", **status}}


class Server:
    """A server in place of a sidecar, or of the API server's proxy: it gives these answers in turn."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: list[web.StreamResponse | Handler] = []
        self.tokens: list[str | None] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get(TOKEN_HEADER))
        answer = self.answers.pop(0)
        return answer if isinstance(answer, web.StreamResponse) else await answer(request)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for an answer as long as a busy machine takes."""
    monkeypatch.setattr(sidecars, "TIMEOUT_SECONDS", 60.0)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/{anything:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    monkeypatch.setattr(sidecar_address, "PORT", server.port)
    yield server
    await runner.cleanup()


async def read(*pods: dict[str, Any]) -> PodReadings[SidecarReading]:
    async with peer_session() as session:
        return await Reports(Sidecars(DirectSource(session)), reading_of, as_of_now).refresh(pods, TOKEN)


async def read_through_proxy(server: Server) -> PodReadings[SidecarReading]:
    async with Kube(Configuration(host=f"http://127.0.0.1:{server.port}"), 5) as kube:
        return await Reports(Sidecars(ProxySource(kube)), reading_of, as_of_now).refresh([pod()], TOKEN)


async def test_a_sidecars_verdict_is_read(server: Server) -> None:
    server.answers.append(web.json_response(worker_answer()))

    reading = (await read(pod())).readings["1"]

    assert reading.verdict.reason is WorkerReason.CONSUMING
    assert reading.report is None
    assert reading.broker.reachable is True


async def test_a_sidecar_is_read_through_the_proxy_as_well(server: Server) -> None:
    server.answers.append(web.json_response(worker_answer(report=worker_document())))

    reading = (await read_through_proxy(server)).readings["1"]

    assert reading.report is not None
    assert reading.report.reserved == 3


async def test_the_token_of_the_sidecars_is_sent_on_both_ways(server: Server) -> None:
    server.answers += [web.json_response(worker_answer()), web.json_response(worker_answer())]

    await read(pod())
    await read_through_proxy(server)

    assert server.tokens == [TOKEN, TOKEN]


async def test_a_sidecar_that_refuses_the_token_is_the_cause(server: Server) -> None:
    server.answers.append(web.Response(status=403))

    assert (await read(pod())).errors == {"1": "the sidecar refuses the token of the operator (HTTP 403)"}


def deep() -> bytes:
    return b'{"version": 1, "unknown": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


UNKNOWN_REASON = {**worker_answer()["verdict"], "reason": "Dancing"}

UNREADABLE: list[tuple[str, bytes, str]] = [
    ("not JSON", b"no", "not valid JSON"),
    ("nothing", b"", "not valid JSON"),
    ("a list", b"[]", "is invalid"),
    ("no field", b"{}", "missing required field"),
    ("no UTF-8", b'{"version": 1, "role": "\xff"}', "not valid JSON"),
    ("too deep", deep(), "nested too deeply"),
    ("NaN", encoded(worker_answer(written_age=float("nan"))), "not valid JSON"),
    ("Infinity", encoded(worker_answer(written_age=float("inf"))), "not valid JSON"),
    ("a huge integer", encoded(worker_answer(written_age=10**400)), "in field written_age"),
    ("a huge count", encoded(worker_answer(report=worker_document(pid=2**60))), "in field report.pid"),
    ("a number for a word", encoded(worker_answer(hostname=5)), "in field hostname"),
    ("a long name", encoded(worker_answer(hostname="x" * 257)), "in field hostname"),
    (
        "a long list",
        encoded(worker_answer(report=worker_document(queues=["q"] * 1001))),
        "in field report.queues",
    ),
    ("an unknown reason", encoded(worker_answer(verdict=UNKNOWN_REASON)), "an unknown reason"),
    ("another version", encoded(worker_answer(version=2)), "has version 2"),
    ("beat's answer", encoded(beat_answer()), "in field role"),
]


@pytest.mark.parametrize(
    ("body", "cause"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE]
)
async def test_an_answer_that_is_unreadable_is_an_error_of_that_pod_with_its_cause(
    server: Server, body: bytes, cause: str
) -> None:
    server.answers += [web.Response(body=body), web.json_response(worker_answer())]

    found = await read(pod("bad"))
    good = await read(pod("good"))

    assert found.readings == {}
    assert cause in found.errors["bad"]
    assert good.readings.keys() == {"good"}


async def test_an_http_error_is_the_cause(server: Server) -> None:
    server.answers.append(web.Response(status=500))

    assert (await read(pod())).errors == {"1": "the sidecar answers with HTTP 500"}


class Endless:
    """An answer of 50 MB, sent in parts until the reader has had enough."""

    def __init__(self, *, announced: bool) -> None:
        self.sent = 0
        self._announced = announced

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if self._announced:
            response.content_length = 50_000_000
        await response.prepare(request)
        try:
            while self.sent < 50_000_000:
                await response.write(b" " * 65536)
                self.sent += 65536
        except OSError:
            pass
        return response


@pytest.mark.parametrize("announced", [True, False])
async def test_an_answer_of_50_mb_is_read_only_up_to_the_limit(server: Server, announced: bool) -> None:
    answer = Endless(announced=announced)
    server.answers.append(answer)

    found = await read(pod())

    assert found.errors == {"1": f"the answer is larger than {ANSWER_BYTES} bytes"}
    assert answer.sent < 20_000_000, "what the sockets' buffers hold, and no more"


async def test_so_is_one_through_the_proxy(server: Server) -> None:
    answer = Endless(announced=False)
    server.answers.append(answer)

    found = await read_through_proxy(server)

    assert found.errors == {"1": f"the answer is larger than {ANSWER_BYTES} bytes"}
    assert answer.sent < 20_000_000


async def test_a_compressed_answer_is_not_unpacked(server: Server) -> None:
    response = web.Response(body=b" " * 1_000_000, headers={"Content-Type": "application/json"})
    response.enable_compression(web.ContentCoding.gzip)
    server.answers.append(response)

    assert "not valid JSON" in (await read(pod())).errors["1"]


@pytest.mark.parametrize("body", [deep(), b"nonsense", encoded({"message": "x" * 5000})])
async def test_a_refusal_of_the_proxy_that_is_nonsense_is_an_error(server: Server, body: bytes) -> None:
    server.answers.append(web.Response(status=503, body=body))

    (cause,) = (await read_through_proxy(server)).errors.values()
    assert len(cause) <= 200


async def test_only_running_pods_with_an_address_are_asked() -> None:
    assert await read(pod(phase="Pending"), pod("2", podIP="")) == PodReadings({}, {})


async def test_a_pod_without_a_listening_sidecar_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar_address, "PORT", 1)

    assert "Cannot connect to host" in (await read(pod())).errors["1"]


async def test_a_sidecar_that_never_answers_is_an_error(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    server.answers.append(hang)
    monkeypatch.setattr(sidecars, "TIMEOUT_SECONDS", 0.1)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(SidecarError, match=r"no answer within 0\.1 s"):
            await DirectSource(session).fetch(pod(), TOKEN)


def test_no_credentials_reach_a_cause() -> None:
    assert "hunter2" not in str(SidecarError("redis://:hunter2@redis is away"))


@pytest.mark.parametrize("field", ["verdict", "broker", "report"])
def test_an_answer_that_lacks_a_part_is_refused(field: str) -> None:
    body = {name: value for name, value in worker_answer().items() if name != field}

    with pytest.raises(SidecarError, match=f"missing required field `{field}`"):
        reading_of(encoded(body))


@given(body=st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_reading_or_a_sidecar_error(body: bytes) -> None:
    for read_body in (reading_of, beat.reading_of):
        with pytest.raises(SidecarError):
            read_body(body)
