"""Requests to the API server: what one CeleryDeployment may send, and what the server may ask for."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio.client.configuration import Configuration

from celery_operator.kinds import LEASE, SECRET
from celery_operator.kube import Kube, KubeError
from celery_operator.shares import api_requests, holders
from celery_operator.shares.api_requests import (
    AT_ONCE,
    AT_ONCE_OF_ONE,
    BURST_OF_ONE,
    ApiRequests,
    TokenBucket,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def task_of(holder: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> "asyncio.Task[Any]":
    """The work, under way in the context of this holder."""

    def start() -> "asyncio.Task[Any]":
        holders.begin(holder)
        return asyncio.create_task(work())

    return contextvars.copy_context().run(start)


def test_a_bucket_gives_a_burst_at_once_and_then_its_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(rate=5, burst=3, clock=clock)

    assert [round(bucket.take(), 3) for _ in range(5)] == [0, 0, 0, 0.2, 0.4]
    clock.now += 60
    assert [round(bucket.take(), 3) for _ in range(4)] == [0, 0, 0, 0.2]


def test_a_paused_bucket_gives_its_next_token_after_the_pause() -> None:
    clock = Clock()
    bucket = TokenBucket(rate=5, burst=3, clock=clock)
    bucket.pause(10)

    assert round(bucket.take(), 3) == 10
    clock.now += 10
    assert round(bucket.take(), 3) == 0.2


async def test_no_holder_can_fill_the_api_server(monkeypatch: pytest.MonkeyPatch) -> None:
    requests, never = ApiRequests(), asyncio.Event()
    on_the_way: dict[str, int] = {}

    async def hang() -> None:
        async with requests.turn():
            on_the_way[holders.current()] = on_the_way.get(holders.current(), 0) + 1
            await never.wait()

    tasks = [task_of("greedy", hang) for _ in range(BURST_OF_ONE)]
    tasks += [task_of(f"shop-{number}", hang) for number in range(AT_ONCE)]
    tasks.append(task_of(holders.OPERATOR, hang))
    for _ in range(5):
        await asyncio.sleep(0)

    assert on_the_way["greedy"] == AT_ONCE_OF_ONE
    assert on_the_way[holders.OPERATOR] == 1
    assert sum(on_the_way.values()) == AT_ONCE + 1
    never.set()
    await asyncio.gather(*tasks)


class ApiServer:
    """Answers with these statuses and headers in turn, then with an object."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        return web.json_response({"message": "slow down"}, status=status, headers=headers)


@pytest.fixture
async def server() -> AsyncIterator[tuple[ApiServer, Kube]]:
    server = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with Kube(Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}"), 60) as kube:
        yield server, kube
    await runner.cleanup()


@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_that_the_api_server_asks_for_is_kept_by_that_resource_alone(
    server: tuple[ApiServer, Kube], status: int
) -> None:
    api, kube = server
    api.answers = [(status, {"Retry-After": "20"})]

    async def read() -> None:
        await kube.get(SECRET, "market", holders.current())

    with pytest.raises(KubeError) as refused:
        await task_of("market/shop", read)
    again = task_of("market/shop", read)
    await task_of("market/other", read)

    assert refused.value.status == status
    assert len(api.asked) == 2
    assert not again.done()
    again.cancel()


async def test_an_eviction_that_a_budget_forbids_is_no_pause(
    server: tuple[ApiServer, Kube], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, kube = server
    monkeypatch.setattr(api_requests, "LONGEST_PAUSE_SECONDS", 3600.0)
    api.answers = [(429, {"Retry-After": "3600"})]

    async def evict_and_read() -> None:
        with pytest.raises(KubeError):
            await kube.evict("market", "shop-1", "uid")
        async with asyncio.timeout(60):
            await kube.get(SECRET, "market", "shop")

    await task_of("market/shop", evict_and_read)


async def test_the_lease_waits_for_no_share(
    server: tuple[ApiServer, Kube], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, kube = server
    monkeypatch.setattr(api_requests, "RATE_OF_ONE", 0.001)
    async with asyncio.timeout(60):
        for _ in range(2 * BURST_OF_ONE):
            await kube.get(LEASE, "operators", "celery-operator")

    assert len(api.asked) == 2 * BURST_OF_ONE


async def test_neither_proxies_nor_a_netrc_are_read_at_each_request(
    server: tuple[ApiServer, Kube], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, kube = server

    def in_a_thread(*_: object) -> None:
        raise AssertionError("the loop's own threads were used")

    monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", in_a_thread)
    await kube.get(SECRET, "market", "shop")


@pytest.mark.parametrize("header", ["", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", "9" * 400])
def test_a_retry_after_that_is_no_number_of_seconds_is_no_pause(header: str) -> None:
    requests = ApiRequests()
    requests.answered(429, {"Retry-After": header})

    assert api_requests._seconds(header) == 0
