"""Whatever a client sends, it gets a problem document, the log has no traceback, and others are answered."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from celery_monitor.web import bad_requests, create_application, serving
from celery_monitor.web.middleware import SECURITY_HEADERS
from tests.support.monitor_web import API, services

LOGIN = f"POST {API}/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"


@asynccontextmanager
async def listening() -> AsyncIterator[int]:
    """The port of a server as the program starts it."""
    runner = serving.make_runner(create_application(services()), 1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def status(port: int, request: str, *, ends: bool = False) -> int | None:
    """The status of the response to these bytes, None without one. ``ends``: the client hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.encode("latin-1"))
        await writer.drain()
        if ends:
            return None
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()


@pytest.mark.parametrize(
    "request_text",
    [
        f"GET /healthz?{'a' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: \0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        f"{LOGIN}Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        f"{LOGIN}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
    ],
    ids=["long", "two hosts", "nul", "no host", "bad chunk", "no gzip"],
)
async def test_what_is_not_http_is_refused_without_a_traceback(
    request_text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening() as port:
        assert await status(port, request_text) == 400
        assert await status(port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_body_that_does_not_come_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bad_requests, "BODY_SECONDS", 0.05)
    async with listening() as port:
        assert await status(port, f"{LOGIN}Content-Length: 500\r\n\r\n{{") == 408
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_client_that_hangs_up_within_its_body_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with listening() as port:
        await status(port, f"{LOGIN}Content-Length: 500\r\n\r\n{{", ends=True)
        assert await status(port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("request_text", "status_code"),
    [
        ("nonsense\r\n\r\n", 400),
        (f"GET /{'a' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (f"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {'a' * 9000}\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (f"{LOGIN}Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400),
        (f"{LOGIN}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", 400),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nConnection: close\r\n\r\n", 417),
        ("GET /nothing HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nConnection: close\r\n\r\n", 417),
        (f"GET {API}/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        ("GET //healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (f"PATCH {API}/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
        (f"DELETE {API}/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_every_error_is_a_problem_document(request_text: str, status_code: int) -> None:
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_text.encode("latin-1"))
        head, _, body = (await asyncio.wait_for(reader.read(), 60)).decode().partition("\r\n\r\n")
        writer.close()
    first, *lines = head.split("\r\n")
    headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    assert int(first.split()[1]) == status_code
    assert headers["Content-Type"].startswith("application/problem+json")
    assert SECURITY_HEADERS.items() <= headers.items()
    document = json.loads(body)
    assert document["status"] == status_code
    assert "aaaa" not in document["detail"]
    if status_code == 405:
        assert headers["Allow"] == "GET,HEAD"


@pytest.mark.parametrize("begin", ["", "GET /healthz HTTP/1.1\r\nHost: x"], ids=["nothing", "half a request"])
async def test_a_connection_without_a_request_is_closed(monkeypatch: pytest.MonkeyPatch, begin: str) -> None:
    monkeypatch.setattr(serving, "IDLE_SECONDS", 0.1)
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begin.encode())
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
