"""A pod that answers without end costs the operator little memory, and its event loop little time."""

import gzip
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from kubernetes.aio.client.configuration import Configuration

from celery_health.wire.bounds import ANSWER_BYTES
from celery_operator import sidecar_address
from celery_operator.act import monitor_push
from celery_operator.act.monitor_push import DirectPushSink, PushError
from celery_operator.act.orders import DirectSink, OrderError
from celery_operator.bounded_body import peer_session
from celery_operator.kube import Kube
from celery_operator.observe.sidecars import DirectSource, ProxySource, SidecarError, reading_of
from tests.support.cost import MOST_BYTES, MOST_LOOP_SECONDS, cost_of
from tests.support.peer import HOST, Peer, peer
from tests.unit.wire.documents import encoded, worker_answer, worker_document

POD: dict[str, Any] = {"metadata": {"name": "a", "namespace": "b", "uid": "1"}, "status": {"podIP": HOST}}
HEAD = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
BOMB = gzip.compress(b" " * 300_000_000)

FLOODS: dict[str, tuple[bytes, bytes]] = {
    "chunks": (CHUNKED + b"\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "small chunks": (CHUNKED + b"\r\n", b"1\r\nx\r\n" * 8192),
    "extensions of a chunk": (CHUNKED + b"\r\n1;", b"x" * 65536),
    "trailers": (CHUNKED + b"\r\n0\r\n", b"X: y\r\n" * 8192),
    "a compressed answer": (
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB,
        b"",
    ),
    "headers": (HEAD, b"X-Header: value\r\n" * 4096),
    "a header without an end": (HEAD + b"X: ", b"x" * 65536),
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2048),
    "responses": (b"", HEAD + b"Content-Length: 0\r\n\r\n" * 1000),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    with peer() as one:
        monkeypatch.setattr(sidecar_address, "PORT", one.port)
        monkeypatch.setattr(monitor_push, "MONITOR_PORT", one.port)
        yield one


async def report() -> None:
    async with peer_session() as session:
        with suppress(SidecarError):
            reading_of(await DirectSource(session).fetch(POD, "s3cret"))


async def report_through_the_api_server() -> None:
    async with Kube(Configuration(host=f"http://{HOST}:{vars(sidecar_address)['PORT']}"), 5) as kube:
        with suppress(SidecarError):
            reading_of(await ProxySource(kube).fetch(POD, "s3cret"))


async def order() -> None:
    async with peer_session() as session:
        with suppress(OrderError):
            await DirectSink(session).send(POD, "/drain", {}, "token")


async def push() -> None:
    async with peer_session() as session:
        with suppress(PushError):
            await DirectPushSink(session).send(POD, "/push", b"{}", "token")


@pytest.mark.parametrize(("head", "flood"), list(FLOODS.values()), ids=list(FLOODS))
@pytest.mark.parametrize("ask", [report, order, push])
async def test_a_flood(server: Peer, ask: Callable[[], Awaitable[None]], head: bytes, flood: bytes) -> None:
    await ask()
    server.head, server.flood = head.replace(b"202 Accepted", b"200 OK") if ask is report else head, flood
    cost = await cost_of(ask)
    assert cost.peak_bytes < MOST_BYTES
    assert cost.loop_seconds < MOST_LOOP_SECONDS


@pytest.mark.parametrize("flood", ["chunks", "a compressed answer"])
async def test_a_flood_through_the_api_server(server: Peer, flood: str) -> None:
    """The API server passes a pod's body on, and not its head and its chunks."""
    await report_through_the_api_server()
    head, server.flood = FLOODS[flood]
    server.head = head.replace(b"202 Accepted", b"200 OK")
    assert (await cost_of(report_through_the_api_server)).peak_bytes < MOST_BYTES


@pytest.mark.parametrize("filling", [b"[],", b'{"a":0},', b'"\\u0061",', b"1,"])
async def test_the_largest_answer_is_decoded_in_a_short_turn(filling: bytes) -> None:
    body = encoded(worker_answer(report=worker_document()))
    unknown = b', "unknown": [' + filling * ((ANSWER_BYTES - len(body) - 100) // len(filling)) + b"0]}"

    async def decode() -> None:
        assert reading_of(body[:-1] + unknown).report is not None

    cost = await cost_of(decode)
    assert cost.peak_bytes < MOST_BYTES
    assert cost.loop_seconds < MOST_LOOP_SECONDS
