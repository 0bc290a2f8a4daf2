"""Who may open a WebSocket, and for how long."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient

from celery_monitor.settings import RateLimit, Role
from celery_monitor.web.identity.tickets import TICKET_SECONDS
from celery_monitor.web.updates import connection, hub
from tests.support.monitor_web import ACCESS, API, TOKENS, VIEWER, FakeHistory, problem, served

WS = f"{API}/ws"
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
Client = TestClient[Any, Any]


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_900_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[Client]:
    async with served(clock=clock) as served_client:
        yield served_client


async def refused(client: Client, status: int, path: str = WS, **headers: str) -> str:
    """The detail of the problem document that a handshake is answered with."""
    response = await client.get(path, headers={**HANDSHAKE, **headers})
    assert response.status == status, await response.text()
    return str((await problem(response))["detail"])


async def log_in(client: Client, role: Role = Role.VIEWER) -> dict[str, Any]:
    """Log in with a cookie; the identity."""
    response = await client.post(
        f"{API}/login", json={"token": TOKENS[role]}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert response.status == 200
    # The test's client sends no cookie to an IP address by itself.
    cookie = response.headers["Set-Cookie"].partition(";")[0]
    return {"Cookie": cookie, **await response.json()}


def origin(client: Client) -> str:
    return str(client.make_url("/")).rstrip("/")


async def ticket(client: Client, **headers: str) -> str:
    response = await client.post(f"{API}/ws/ticket", headers=headers or VIEWER)
    assert response.status == 200, await response.text()
    return str((await response.json())["ticket"])


async def hello(socket: ClientWebSocketResponse) -> dict[str, Any]:
    message = dict(await socket.receive_json(timeout=30))
    assert message["op"] == "hello"
    return message


async def close_code(socket: ClientWebSocketResponse) -> int:
    """The code with which the server closes the connection."""
    while (await socket.receive(timeout=60)).type is not WSMsgType.CLOSE:
        pass
    assert socket.close_code is not None
    return socket.close_code


async def test_a_viewer_may_open_it(client: Client) -> None:
    async with client.ws_connect(WS, headers=VIEWER) as socket:
        assert not (await hello(socket))["resumed"]


async def test_without_a_valid_credential_there_is_no_websocket(client: Client) -> None:
    await refused(client, 401)
    await refused(client, 401, Authorization="Bearer wrong")
    await refused(client, 401, Cookie="celery-monitor-session=x.y")
    await refused(client, 401, f"{WS}?ticket=wrong")
    await refused(client, 401, f"{WS}?ticket={'x' * 200}")


async def test_a_request_that_is_no_handshake_is_answered_with_426(client: Client) -> None:
    response = await client.get(WS, headers=VIEWER)
    assert response.status == 426
    assert response.headers["Upgrade"] == "websocket"
    assert "WebSocket client" in (await problem(response))["detail"]


async def test_the_cookie_works_for_the_own_page_alone(client: Client) -> None:
    cookie = (await log_in(client))["Cookie"]
    async with client.ws_connect(WS, headers={"Cookie": cookie, "Origin": origin(client)}) as socket:
        await hello(socket)
    for foreign in ("https://evil.example", "null", origin(client) + ".evil.example", "http://127.0.0.1:1"):
        assert "Origin" in await refused(client, 403, Cookie=cookie, Origin=foreign)
    assert "Origin" in await refused(client, 403, Cookie=cookie)


async def test_a_page_of_another_site_is_refused_whatever_its_credential(client: Client) -> None:
    await refused(client, 403, **VIEWER, Origin="https://evil.example")
    await refused(client, 403, f"{WS}?ticket={await ticket(client)}", Origin="https://evil.example")


async def test_a_ticket_works_once(client: Client) -> None:
    address = f"{WS}?ticket={await ticket(client)}"
    async with client.ws_connect(address) as socket:
        await hello(socket)
        assert "ticket" in await refused(client, 401, address)


async def test_a_ticket_works_for_30_seconds(client: Client, clock: Clock) -> None:
    address = f"{WS}?ticket={await ticket(client)}"
    clock.now += TICKET_SECONDS
    await refused(client, 401, address)


async def test_a_ticket_opens_nothing_but_the_websocket(client: Client) -> None:
    response = await client.get(f"{API}/workers?ticket={await ticket(client)}")
    assert response.status == 401


async def test_tickets_cannot_be_guessed_for_long(client: Client) -> None:
    statuses = [
        (await client.get(f"{WS}?ticket=wrong{number}", headers=HANDSHAKE)).status for number in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2


async def test_a_ticket_of_a_cookie_needs_no_cookie(client: Client) -> None:
    cookie = (await log_in(client))["Cookie"]
    made = await ticket(client, Cookie=cookie, Origin=origin(client))
    async with client.ws_connect(f"{WS}?ticket={made}") as socket:
        await hello(socket)


async def test_the_connection_ends_when_the_credential_expires(client: Client, clock: Clock) -> None:
    session = await log_in(client)
    clock.now = session["expires"] - 0.1
    headers = {"Cookie": session["Cookie"], "Origin": origin(client)}
    async with client.ws_connect(WS, headers=headers) as socket:
        await hello(socket)
        clock.now = session["expires"]
        assert await close_code(socket) == 4401


@pytest.mark.parametrize("by_ticket", [False, True])
async def test_logging_out_ends_the_connection(
    client: Client, monkeypatch: pytest.MonkeyPatch, by_ticket: bool
) -> None:
    monkeypatch.setattr(connection, "CHECK_SECONDS", 0.05)
    headers = {"Cookie": (await log_in(client))["Cookie"], "Origin": origin(client)}
    address = f"{WS}?ticket={await ticket(client, **headers)}" if by_ticket else WS
    async with client.ws_connect(address, headers={} if by_ticket else headers) as socket:
        await hello(socket)
        assert (await client.post(f"{API}/logout", headers=headers)).status == 200
        assert await close_code(socket) == 4401


async def test_one_identity_cannot_take_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MAX_CLIENTS_OF_ONE", 2)
    monkeypatch.setattr(hub, "MAX_CLIENTS", 3)
    history = FakeHistory()
    async with served(history=history) as client:
        for _ in range(2):
            await hello(await client.ws_connect(WS, headers=VIEWER))
        assert "identity" in await refused(client, 429, **VIEWER)
        other = {"Authorization": f"Bearer {TOKENS[Role.ADMIN]}"}
        third = await client.ws_connect(WS, headers=other)
        await hello(third)
        await refused(client, 503, **other)
        await third.close()
        again = await client.ws_connect(WS, headers=other)
        await hello(again)


async def test_handshakes_count_for_the_rate_limit() -> None:
    access = dataclasses.replace(ACCESS, rate_limit=RateLimit(3, 60))
    async with served(access=access) as client:
        for _ in range(3):
            await hello(await client.ws_connect(WS, headers=VIEWER))
        await refused(client, 429, **VIEWER)


async def test_the_end_of_the_monitor_closes_with_1001() -> None:
    async with served() as client:
        socket = await client.ws_connect(WS, headers=VIEWER)
        await hello(socket)
        waiting = asyncio.create_task(close_code(socket))
        await client.server.close()
        assert await waiting == 1001
