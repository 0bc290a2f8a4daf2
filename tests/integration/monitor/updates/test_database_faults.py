"""The database away: clients are shown that, keep what they have, and go on by themselves."""

from typing import Any

from aiohttp import ClientWebSocketResponse
from tools.testbed.databases import postgres_server
from tools.testbed.waiting import wait_for_async

from celery_monitor.history import History
from tests.integration.monitor.history.examples import finished
from tests.support.monitor_web import API, VIEWER, served

SECONDS = 100.0


async def received(socket: ClientWebSocketResponse, op: str) -> dict[str, Any]:
    """The next message with this ``op``; heartbeats do not count."""
    while True:
        message = dict(await socket.receive_json(timeout=SECONDS))
        if message["op"] != "heartbeat":
            assert message["op"] == op, message
            return message


async def written(history: History) -> bool:
    await history.write([])
    return history.status().buffered == 0


async def test_a_client_sees_that_the_database_is_away_and_goes_on_afterwards() -> None:
    with postgres_server() as server:
        history = await History.open(server.database())
        await history.write([finished("a")])
        async with (
            served(history=history) as client,
            client.ws_connect(f"{API}/ws", headers=VIEWER) as socket,
        ):
            await received(socket, "hello")
            await socket.send_str('{"op":"interval","seconds":0.25}')
            await socket.send_str('{"op":"subscribe","id":"t","topic":"tasks"}')
            assert [one["id"] for one in (await received(socket, "snapshot"))["data"]] == ["a"]
            server.stop()
            await history.write([finished("b")])
            problem = await received(socket, "error")
            assert (problem["id"], problem["problem"]) == ("t", "unavailable")
            server.start()
            await wait_for_async(lambda: written(history), SECONDS)
            known: set[str] = set()
            while known != {"a", "b"}:
                message = dict(await socket.receive_json(timeout=SECONDS))
                assert message["op"] in ("delta", "snapshot", "heartbeat"), message
                documents = message.get("data") or message.get("changed") or []
                known = {one["id"] for one in documents} | (set() if message["op"] == "snapshot" else known)
        await history.close()
