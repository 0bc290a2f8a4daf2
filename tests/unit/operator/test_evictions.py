"""An eviction as it goes to the API server, and what becomes of its answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio.client.configuration import Configuration

from celery_health.catalogue.fleet import FleetReason
from celery_operator.act.evictions import evict
from celery_operator.cache import Key
from celery_operator.decide.healing.evictions import EvictionOrder
from celery_operator.kube import Kube
from celery_operator.metrics import Metrics

KEY = Key("market", "shop")
ORDER = EvictionOrder("shop-default-a", "uid-a", "default", FleetReason.WORKER_STALLED)
REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget."


class ApiServer:
    """Answers every request with one status, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 201
        self.asked: list[tuple[str, str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path, await request.json()))
        return web.json_response({"message": REFUSAL}, status=self.status)


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


@pytest.fixture
async def kube(server: ApiServer) -> AsyncIterator[Kube]:
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with Kube(Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}"), 5) as kube:
        yield kube
    await runner.cleanup()


class Counted(list[tuple[str, str]]):
    """The evictions that were counted."""

    def __call__(self, group: str, reason: str) -> None:
        self.append((group, reason))


async def test_an_eviction_names_the_pod_by_its_uid_and_is_counted(kube: Kube, server: ApiServer) -> None:
    counted = Counted()
    assert await evict(kube, KEY, ORDER, counted) is None
    ((method, path, body),) = server.asked
    assert (method, path) == ("POST", "/api/v1/namespaces/market/pods/shop-default-a/eviction")
    assert (body["apiVersion"], body["kind"]) == ("policy/v1", "Eviction")
    assert body["deleteOptions"] == {"preconditions": {"uid": "uid-a"}}
    assert counted == [("default", "WorkerStalled")]


@pytest.mark.parametrize("status", [403, 429, 500])
async def test_a_refused_eviction_is_reported_in_the_servers_words_and_not_counted(
    kube: Kube, server: ApiServer, status: int
) -> None:
    server.status, counted = status, Counted()
    note = await evict(kube, KEY, ORDER, counted)
    assert note is not None
    assert (note.type, note.reason) == ("Warning", "EvictionRefused")
    assert note.message == f"Pod shop-default-a of group default is not evicted (WorkerStalled): {REFUSAL}"
    assert not counted


@pytest.mark.parametrize("status", [404, 409])
async def test_a_pod_that_is_gone_meanwhile_needs_no_event_and_is_not_counted(
    kube: Kube, server: ApiServer, status: int
) -> None:
    server.status, counted = status, Counted()
    assert await evict(kube, KEY, ORDER, counted) is None
    assert not counted


async def test_an_api_server_that_is_away_is_reported(kube: Kube) -> None:
    async with Kube(Configuration(host="http://127.0.0.1:1"), 5) as away:
        note = await evict(away, KEY, ORDER, Counted())
    assert note is not None
    assert "the API server cannot be reached" in note.message


def test_restarts_are_counted_by_group_and_reason_and_go_with_the_resource() -> None:
    metrics, other = Metrics(), Key("market", "other")
    for key in (KEY, KEY, other):
        metrics.restarted(key, "default", "WorkerStalled")
    line = 'group="default",namespace="market",reason="WorkerStalled",resource="{}"'
    assert f"celery_operator_restarts_total{{{line.format('shop')}}} 2.0" in metrics.text().decode()
    metrics.drop(KEY)
    left = metrics.text().decode()
    assert 'resource="shop"' not in left
    assert f"celery_operator_restarts_total{{{line.format('other')}}} 1.0" in left
    metrics.drop(KEY)
