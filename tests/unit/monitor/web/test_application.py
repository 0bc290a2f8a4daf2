import logging
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from celery_monitor.live.views import QueueView, WorkerView
from celery_monitor.settings import AccessSettings, ServerSettings
from celery_monitor.web import Check
from celery_monitor.web.routes.health import HIDDEN_CAUSE
from tests.support.monitor_web import ACCESS, API, OPERATOR, TOKENS, VIEWER, FakeLive, problem, served


async def test_a_caller_with_a_token_reads_the_workers() -> None:
    live = FakeLive(worker_views=[WorkerView(name="celery@one", online=True, queues=("mail",))])
    async with served(live=live) as client:
        response = await client.get(f"{API}/workers", headers=VIEWER)
        (worker,) = (await response.json())["workers"]
        assert worker["name"] == "celery@one"
        assert worker["queues"] == ["mail"]
        assert worker["memory"] is None


@pytest.mark.parametrize(
    "name", ["a/b", "a b", "100%", "{x}", "ä", "a?b#c", "a%2Fb", "..", "x" * 255], ids=lambda name: name[:9]
)
async def test_a_name_in_a_path_has_any_characters(name: str) -> None:
    live = FakeLive(queue_views=[QueueView(name=name)])
    path = quote(name, safe="") if name != ".." else "%2E%2E"
    async with served(live=live) as client:
        response = await client.get(URL(f"{API}/queues/{path}", encoded=True), headers=VIEWER)
        assert response.status == 200, await response.text()
        assert (await response.json())["name"] == name


async def test_a_name_in_a_path_has_a_limit() -> None:
    async with served() as client:
        response = await client.get(f"{API}/queues/{'x' * 256}", headers=VIEWER)
        assert response.status == 422
        assert "255" in (await problem(response))["detail"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Basic {TOKENS}"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": f"Bearer {'x' * 8193}"}, 400),
        ({"Authorization": f"Bearer {'x' * 8000}"}, 401),
    ],
)
async def test_a_request_without_a_valid_token_is_refused(headers: dict[str, str], status: int) -> None:
    async with served() as client:
        response = await client.get(f"{API}/workers", headers=headers)
        assert response.status == status
        if status == 401:
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
            await problem(response)


async def test_an_unknown_parameter_is_an_error() -> None:
    async with served() as client:
        response = await client.get(f"{API}/workers?stat=online", headers=VIEWER)
        assert response.status == 422
        document = await problem(response)
        assert document["errors"][0]["where"] == "query.stat"


async def test_an_unknown_route_and_method_are_problems() -> None:
    async with served() as client:
        assert "openapi.json" in (await problem(await client.get("/nothing")))["detail"]
        response = await client.post(f"{API}/workers", headers=OPERATOR)
        assert response.status == 405
        assert response.headers["Allow"] == "GET,HEAD"
        await problem(response)


async def test_every_response_has_the_headers_of_security() -> None:
    async with served() as client:
        for path in ("/healthz", "/nothing", f"{API}/workers"):
            headers = (await client.get(path)).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Frame-Options"] == "DENY"
            assert "Access-Control-Allow-Origin" not in headers
            assert "aiohttp" not in headers["Server"]


async def test_all_is_below_the_prefix() -> None:
    async with served(server=ServerSettings(url_prefix="/celery")) as client:
        assert (await client.get(f"/celery{API}/workers", headers=VIEWER)).status == 200
        assert (await client.get(f"{API}/workers", headers=VIEWER)).status == 404
        document = await (await client.get(f"/celery{API}/openapi.json", headers=VIEWER)).json()
        assert document["servers"] == [{"url": "/celery"}]


async def test_a_failed_check_is_named_and_fails_readiness() -> None:
    checks = (
        Check(name="broker", problem=lambda: "The broker cannot be reached."),
        Check(name="events", problem=lambda: None, restart_helps=True),
    )
    async with served(checks=checks) as client:
        response = await client.get("/readyz", headers=VIEWER)
        assert response.status == 503
        assert (await response.json())["checks"][0] == {
            "name": "broker",
            "ok": False,
            "problem": "The broker cannot be reached.",
        }
        assert (await client.get("/healthz")).status == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "nonsense"}])
async def test_the_cause_of_a_failed_check_is_hidden_from_callers_without_a_role(
    headers: dict[str, str],
) -> None:
    cause = "user monitor cannot log in at db.internal"
    checks = (
        Check(name="history", problem=lambda: cause, restart_helps=True),
        Check(name="broker", problem=lambda: None),
    )
    async with served(checks=checks) as client:
        for path in ("/readyz", "/healthz"):
            response = await client.get(path, headers=headers)
            assert response.status == 503
            assert cause not in await response.text()
            failed = (await response.json())["checks"][0]
            assert failed["name"] == "history"
            assert failed["problem"] == HIDDEN_CAUSE
            assert cause in await (await client.get(path, headers=VIEWER)).text()
        assert (await (await client.get("/readyz")).json())["checks"][1]["problem"] is None


async def test_metrics_need_a_token_unless_the_settings_open_them() -> None:
    async with served(metrics=lambda: [b"up 1\n"]) as client:
        assert (await client.get("/metrics")).status == 401
        response = await client.get("/metrics", headers=VIEWER)
        assert await response.text() == "up 1\n"
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    public = AccessSettings(tokens=ACCESS.tokens, metrics_public=True)
    async with served(metrics=lambda: [b"up 1\n"], access=public) as client:
        assert (await client.get("/metrics")).status == 200


async def test_a_failure_of_the_monitor_shows_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeLive):
        def workers(self) -> Any:
            raise RuntimeError("redis://:the-password@broker")

    async with served(live=Broken()) as client:
        with caplog.at_level(logging.ERROR):
            response = await client.get(f"{API}/workers", headers=VIEWER)
        assert response.status == 500
        assert "the-password" not in await response.text()
        assert "A request failed" in caplog.text
