"""Orders to sidecars, over HTTP as they go: at the pod's address and through the API server's proxy."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from kubernetes.aio.client.configuration import Configuration

from celery_operator import sidecar_address
from celery_operator.act import orders
from celery_operator.act.orders import DirectSink, OrderError, Orders, ProxySink
from celery_operator.decide.orders import DrainOrder, RestartHoldOrder
from celery_operator.kinds import Json
from celery_operator.kube import Kube
from celery_operator.sidecar_address import AT_ONCE_OF_ONE

TOKEN = "s3cret"


@dataclass
class Server:
    """In place of a sidecar, or of an API server in front of it."""

    port: int = 0
    status: int = 202
    delay: float = 0.0
    seen: list[tuple[str, str, str | None, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen.append((request.method, request.path, request.headers.get("X-Celery-Probe-Token"), body))
        await asyncio.sleep(self.delay)
        headers = {"Location": "/elsewhere"} if self.status == 307 else {}
        return web.json_response({"message": "words of the server"}, status=self.status, headers=headers)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for an answer as long as a busy machine takes."""
    monkeypatch.setattr(orders, "TIMEOUT_SECONDS", 60.0)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    monkeypatch.setattr(sidecar_address, "PORT", server.port)
    yield server
    await runner.cleanup()


@pytest.fixture
async def direct(server: Server) -> AsyncIterator[DirectSink]:
    async with aiohttp.ClientSession() as session:
        yield DirectSink(session)


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[ProxySink]:
    async with Kube(Configuration(host=f"http://127.0.0.1:{server.port}"), 5) as kube:
        yield ProxySink(kube)


def pod(address: str = "127.0.0.1", name: str = "shop-default-a") -> Json:
    return {
        "metadata": {"name": name, "namespace": "market", "uid": f"uid-{name}"},
        "status": {"podIP": address},
    }


async def test_an_order_carries_the_token_and_the_seconds(direct: DirectSink, server: Server) -> None:
    await direct.send(pod(), "/restart-hold", {"seconds": 30}, TOKEN)
    assert server.seen == [("POST", "/restart-hold", TOKEN, {"seconds": 30})]


@pytest.mark.parametrize("status", [200, 307, 401, 403, 500])
async def test_an_order_that_is_not_taken_is_an_error(
    direct: DirectSink, server: Server, status: int
) -> None:
    server.status = status
    with pytest.raises(OrderError, match=f"HTTP {status}"):
        await direct.send(pod(), "/restart-hold", {"seconds": 30}, TOKEN)
    assert len(server.seen) == 1


async def test_a_sidecar_that_does_not_answer_costs_no_more_than_the_time_limit(
    monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    monkeypatch.setattr(orders, "TIMEOUT_SECONDS", 0.3)
    server.delay = 600
    async with aiohttp.ClientSession() as session:
        sending = DirectSink(session).send(pod(), "/restart-hold", {"seconds": 30}, TOKEN)
        with pytest.raises(OrderError, match="Timeout"):
            await asyncio.wait_for(sending, 60)


@pytest.mark.parametrize("address", ["127.255.255.254", "::1", "", "no address"])
async def test_a_pod_that_cannot_be_reached_is_an_error(direct: DirectSink, address: str) -> None:
    with pytest.raises(OrderError, match=r".+"):
        await direct.send(pod(address), "/restart-hold", {"seconds": 30}, TOKEN)


async def test_the_proxy_of_the_api_server_leads_to_the_same_port_of_the_pod(
    proxy: ProxySink, server: Server
) -> None:
    await proxy.send(pod(), "/restart-hold", {"seconds": 30}, TOKEN)
    path = f"/api/v1/namespaces/market/pods/shop-default-a:{server.port}/proxy/restart-hold"
    assert server.seen == [("POST", path, TOKEN, {"seconds": 30})]


async def test_a_refusal_of_the_proxy_is_reported_in_its_words(proxy: ProxySink, server: Server) -> None:
    server.status = 403
    with pytest.raises(OrderError, match="words of the server"):
        await proxy.send(pod(), "/restart-hold", {"seconds": 30}, TOKEN)


class Sink:
    """Counts how many orders are on their way at a time."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Json]] = []
        self.paths: list[str] = []
        self.at_once = 0
        self.most = 0

    async def send(self, pod: Json, path: str, body: Json, token: str) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        name = pod["metadata"]["name"]
        if name == "refusing":
            raise OrderError("HTTP 403")
        self.sent.append((name, body))
        self.paths.append(path)


async def test_a_sidecar_that_refuses_keeps_no_order_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sink, names = Sink(), ("a", "refusing", "b")
    wanted = [RestartHoldOrder(name, f"uid-{name}", 30) for name in (*names, "gone")]
    await Orders(sink).send(wanted, {f"uid-{name}": pod(name=name) for name in names}, TOKEN)
    assert sink.sent == [("a", {"seconds": 30}), ("b", {"seconds": 30})]
    assert "pod refusing did not take the order /restart-hold: HTTP 403" in caplog.text
    assert "gone" not in caplog.text


async def test_many_orders_go_out_a_bounded_number_at_a_time() -> None:
    sink, names = Sink(), [str(number) for number in range(3 * AT_ONCE_OF_ONE)]
    wanted = [RestartHoldOrder(name, f"uid-{name}", 30) for name in names]
    await Orders(sink).send(wanted, {f"uid-{name}": pod(name=name) for name in names}, TOKEN)
    assert (len(sink.sent), sink.most) == (3 * AT_ONCE_OF_ONE, AT_ONCE_OF_ONE)


async def test_a_drain_and_its_end_are_orders_too() -> None:
    sink = Sink()
    wanted = [DrainOrder("a", "uid-a", drain=True), DrainOrder("b", "uid-b", drain=False)]
    await Orders(sink).send(wanted, {f"uid-{name}": pod(name=name) for name in "ab"}, TOKEN)
    assert sink.paths == ["/drain", "/undrain"]
