"""What a client may send, and what it gets: subscriptions of live topics, hostile messages, resuming."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient
from tools.testbed.waiting import BUSY_SECONDS, wait_for_async

from celery_health.wire.resource_push import RESOURCE_PUSH
from celery_monitor.live.resource import ResourceView
from celery_monitor.live.views import WorkerView
from celery_monitor.web.updates import connection
from celery_monitor.web.updates.feeds import feeds
from celery_monitor.web.updates.hub import MAX_SUBSCRIPTIONS
from tests.support.monitor_web import ADMIN, API, VIEWER, FakeLive, served, served_with, services
from tests.unit.wire.documents import encoded, push_document

WS = f"{API}/ws"
Client = TestClient[Any, Any]
FAST = '{"op":"interval","seconds":0.25}'


@pytest.fixture
def live() -> FakeLive:
    return FakeLive(worker_views=[WorkerView(name="celery@a", online=True)])


@pytest.fixture
async def client(live: FakeLive) -> AsyncIterator[Client]:
    async with served(live=live) as served_client:
        yield served_client


@pytest.fixture
async def socket(client: Client) -> AsyncIterator[ClientWebSocketResponse]:
    async with client.ws_connect(WS, headers=VIEWER) as opened:
        await received(opened, "hello")
        await opened.send_str(FAST)
        yield opened


async def received(socket: ClientWebSocketResponse, op: str) -> dict[str, Any]:
    """The next message, which has this ``op``."""
    message = dict(await socket.receive_json(timeout=60))
    assert message["op"] == op, message
    return message


async def workers(socket: ClientWebSocketResponse, identity: str = "w") -> dict[str, Any]:
    await socket.send_json({"op": "subscribe", "id": identity, "topic": "workers"})
    return await received(socket, "snapshot")


async def closed(socket: ClientWebSocketResponse) -> int | None:
    while (await socket.receive(timeout=60)).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
        pass
    return socket.close_code


async def test_workers_come_as_rest_shows_them_and_then_as_they_change(
    client: Client, socket: ClientWebSocketResponse, live: FakeLive
) -> None:
    shown = await (await client.get(f"{API}/workers", headers=VIEWER)).json()
    assert (await workers(socket))["data"] == shown["workers"]
    live.worker_views = [WorkerView(name="celery@b", online=True)]
    delta = await received(socket, "delta")
    shown = await (await client.get(f"{API}/workers", headers=VIEWER)).json()
    assert (delta["changed"], delta["removed"]) == (shown["workers"], ["celery@a"])


async def test_a_subscription_that_has_ended_sends_nothing(
    socket: ClientWebSocketResponse, live: FakeLive
) -> None:
    await workers(socket)
    await socket.send_json({"op": "unsubscribe", "id": "w"})
    await socket.send_json({"op": "subscribe", "id": "s", "topic": "schedule"})
    await received(socket, "snapshot")
    live.worker_views = []
    await socket.send_json({"op": "subscribe", "id": "q", "topic": "queues"})
    assert (await received(socket, "snapshot"))["id"] == "q"


async def test_a_subscription_with_the_same_id_is_replaced(socket: ClientWebSocketResponse) -> None:
    await workers(socket)
    await socket.send_json({"op": "subscribe", "id": "w", "topic": "queues"})
    assert await received(socket, "snapshot") | {"at": 0} == {
        "op": "snapshot",
        "id": "w",
        "seq": 2,
        "at": 0,
        "data": [],
    }


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "JSON"),
        ("[]", "object"),
        ("[" * 8000, "JSON"),
        ('{"op":"subscribe","id":"t","topic":"workers","a":' + "[" * 4000, "JSON"),
        ('{"op":"drop tables"}', "does not match"),
        ('{"op":"subscribe","id":"t"}', "topic"),
        ('{"op":"subscribe","id":"","topic":"workers"}', "id"),
        ('{"op":"subscribe","id":"%s","topic":"workers"}' % ("x" * 65), "id"),
        ('{"op":"subscribe","id":"t","topic":"secrets"}', "topic"),
        ('{"op":"subscribe","id":"t","topic":"workers","more":1}', "more"),
        ('{"op":"subscribe","id":"t","topic":"workers","filter":"state:failure"}', "`tasks` alone"),
        ('{"op":"subscribe","id":"t","topic":"tasks","filter":"state:failed"}', "state:failure"),
        ('{"op":"subscribe","id":"t","topic":"tasks","filter":"%s"}' % ("x" * 1001), "filter"),
        ('{"op":"subscribe","id":"t","topic":"tasks","limit":501}', "limit"),
        ('{"op":"subscribe","id":"t","topic":"task"}', "`key`"),
        ('{"op":"subscribe","id":"t","topic":"workers","key":"a"}', "`key`"),
        ('{"op":"interval","seconds":0.1}', "seconds"),
        ('{"op":"interval","seconds":NaN}', "seconds"),
        ('{"op":"resume","session":"s","seq":-1}', "seq"),
        ('{"op":"resume","session":"s","seq":1}', "first message"),
    ],
)
async def test_a_message_that_cannot_be_used_is_answered_and_changes_nothing(
    socket: ClientWebSocketResponse, text: str, detail: str
) -> None:
    await socket.send_str(text)
    answer = await received(socket, "error")
    assert answer["problem"] == "invalid"
    assert detail in answer["detail"]
    assert len(answer["detail"]) <= 400
    await workers(socket)


async def test_a_binary_message_is_answered(socket: ClientWebSocketResponse) -> None:
    await socket.send_bytes(b'{"op":"unsubscribe","id":"w"}')
    assert "text" in (await received(socket, "error"))["detail"]


async def test_a_message_that_is_too_long_ends_the_connection(socket: ClientWebSocketResponse) -> None:
    await socket.send_str(" " * 9000)
    assert await closed(socket) == 1009


async def test_too_many_messages_end_the_connection(
    socket: ClientWebSocketResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MESSAGES_A_SECOND", 0.0)
    for _ in range(2 * connection.MESSAGES_AT_ONCE):
        await socket.send_str('{"op":"unsubscribe","id":"none"}')
    assert await closed(socket) == 1008


async def test_too_many_pings_end_the_connection(
    socket: ClientWebSocketResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MESSAGES_A_SECOND", 0.0)
    for _ in range(2 * connection.MESSAGES_AT_ONCE):
        await socket.ping()
    assert await closed(socket) == 1008


async def test_a_connection_has_a_limited_number_of_subscriptions(socket: ClientWebSocketResponse) -> None:
    for number in range(MAX_SUBSCRIPTIONS):
        await workers(socket, str(number))
    await socket.send_json({"op": "subscribe", "id": "more", "topic": "workers"})
    answer = await received(socket, "error")
    assert (answer["problem"], answer["id"]) == ("limit", "more")
    await workers(socket, "0")


async def test_all_connections_have_a_limited_number_of_different_subscriptions(
    socket: ClientWebSocketResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MAX_FEEDS", 1)
    await workers(socket)
    await workers(socket, "equal")
    await socket.send_json({"op": "subscribe", "id": "other", "topic": "queues"})
    assert (await received(socket, "error"))["problem"] == "limit"


def lose(socket: ClientWebSocketResponse) -> None:
    """End the connection as a network that breaks does."""
    socket._writer.transport.abort()


async def test_a_client_goes_on_where_its_connection_was_lost(client: Client, live: FakeLive) -> None:
    first = await client.ws_connect(WS, headers=VIEWER)
    session = (await received(first, "hello"))["session"]
    await first.send_str('{"op":"interval","seconds":0.5}')
    snapshot = await workers(first)
    lose(first)
    live.worker_views = [*live.worker_views, WorkerView(name="celery@b", online=True)]
    async with client.ws_connect(WS, headers=VIEWER) as second:
        await received(second, "hello")
        await second.send_json({"op": "resume", "session": session, "seq": snapshot["seq"]})
        hello = await received(second, "hello")
        assert (hello["session"], hello["resumed"], hello["interval"]) == (session, True, 0.5)
        delta = await received(second, "delta")
        assert delta["seq"] == snapshot["seq"] + 1
        assert [one["name"] for one in delta["changed"]] == ["celery@b"]


async def test_a_session_can_be_taken_over_while_its_old_connection_still_seems_open(
    client: Client, socket: ClientWebSocketResponse, live: FakeLive
) -> None:
    old = await client.ws_connect(WS, headers=VIEWER)
    session = (await received(old, "hello"))["session"]
    snapshot = await workers(old)
    await socket.close()
    async with client.ws_connect(WS, headers=VIEWER) as new:
        await received(new, "hello")
        await new.send_json({"op": "resume", "session": session, "seq": snapshot["seq"]})
        assert (await received(new, "hello"))["session"] == session
        assert await closed(old) == 4409
        live.worker_views = []
        assert (await received(new, "delta"))["removed"] == ["celery@a"]


@pytest.mark.parametrize("case", ["unknown", "of another identity", "ahead", "closed by the client"])
async def test_a_session_that_cannot_be_resumed_leaves_a_new_one(client: Client, case: str) -> None:
    first = await client.ws_connect(WS, headers=VIEWER)
    session = (await received(first, "hello"))["session"]
    seq = (await workers(first))["seq"]
    if case == "closed by the client":
        await first.close()
    else:
        lose(first)
    session = "unknown" if case == "unknown" else session
    headers = ADMIN if case == "of another identity" else VIEWER
    async with client.ws_connect(WS, headers=headers) as second:
        await received(second, "hello")
        await second.send_json({"op": "resume", "session": session, "seq": seq + (case == "ahead")})
        assert (await received(second, "error"))["problem"] == "unknown-session"
        assert (await workers(second))["seq"] == 1


def until(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return condition()

    return check


async def test_sessions_without_a_client_are_forgotten(live: FakeLive) -> None:
    clock = [1_795_900_000.0]
    made = services(live=live, clock=lambda: clock[0])
    hub = made.updates
    async with served_with(made) as client:
        first = await client.ws_connect(WS, headers=VIEWER)
        await received(first, "hello")
        await workers(first)
        lose(first)
        await wait_for_async(until(lambda: not hub.clients), BUSY_SECONDS)
        assert len(hub.feeds) == 1
        clock[0] += 61
        await wait_for_async(until(lambda: not len(hub.feeds)), BUSY_SECONDS)


async def test_the_resource_comes_when_the_operator_has_pushed_it_and_with_each_change(
    socket: ClientWebSocketResponse, live: FakeLive
) -> None:
    await socket.send_json({"op": "subscribe", "id": "r", "topic": "resource"})
    assert (await received(socket, "snapshot"))["data"] == []
    for health in ("Healthy", "Degraded"):
        push = RESOURCE_PUSH.decode(encoded(push_document(health=health)))
        live.resource_view = ResourceView(push=push, received_at=1.0)
        delta = await received(socket, "delta")
        assert [one["health"] for one in delta["changed"]] == [health]
