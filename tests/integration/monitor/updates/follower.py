"""A client of the WebSocket that keeps what it is sent, and finds every loss and every repetition."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from tests.integration.monitor.monitor_process import API, TOKEN

Document = dict[str, Any]


class Follower:
    """Subscriptions of documents with the key ``id``. It resumes its session when a connection ends."""

    def __init__(self, url: str, interval: float = 0.25) -> None:
        self.url = url
        self.documents: dict[str, dict[str, Document]] = {}
        self.messages: list[tuple[str, str]] = []
        """The ``op`` and the subscription of each snapshot and delta."""
        self.resumed = 0
        self.refused = 0
        self.closed_with: int | None = None
        self._interval = interval
        self._subscriptions: dict[str, Document] = {}
        self._session: str | None = None
        self._seq = 0
        self._socket: ClientWebSocketResponse | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the server has greeted the present connection."""
        return self._socket is not None

    async def subscribe(self, identity: str, **subscription: Any) -> None:
        """Subscribe now and after each new session."""
        self._subscriptions[identity] = {"op": "subscribe", "id": identity, **subscription}
        if self._socket is not None:
            await self._socket.send_json(self._subscriptions[identity])

    def cut(self) -> None:
        """Lose the connection, in the middle of whatever comes."""
        if self._socket is not None:
            self._socket._writer.transport.abort()

    async def run(self) -> None:
        """Follow for ever."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with ClientSession(headers=headers) as client:
            while True:
                with contextlib.suppress(OSError):
                    async with client.ws_connect(f"{self.url}{API}/ws", max_msg_size=0) as socket:
                        await self._follow(socket)
                        self.closed_with = socket.close_code
                self._socket = None
                await asyncio.sleep(0.02)

    async def _follow(self, socket: ClientWebSocketResponse) -> None:
        async for received in socket:
            if received.type is not WSMsgType.TEXT:
                return
            message = received.json()
            match message["op"]:
                case "hello":
                    await self._greeted(socket, message)
                case "snapshot" | "delta":
                    self._take(message)
                case "error":
                    assert message["problem"] == "unknown-session", message
                    self.refused += 1
                    await self._begin(socket, self._new_session)

    async def _greeted(self, socket: ClientWebSocketResponse, hello: Document) -> None:
        if hello["resumed"]:
            assert hello["session"] == self._session
            self.resumed += 1
            self._socket = socket
            return
        self._new_session = str(hello["session"])
        if self._session is None:
            await self._begin(socket, self._new_session)
        else:
            await socket.send_json({"op": "resume", "session": self._session, "seq": self._seq})

    async def _begin(self, socket: ClientWebSocketResponse, session: str) -> None:
        self._session, self._seq, self._socket = session, 0, socket
        await socket.send_json({"op": "interval", "seconds": self._interval})
        for subscription in self._subscriptions.values():
            await socket.send_json(subscription)

    def _take(self, message: Document) -> None:
        assert message["seq"] == self._seq + 1, f"{message['seq']} follows {self._seq}"
        self._seq = message["seq"]
        self.messages.append((message["op"], message["id"]))
        if message["op"] == "snapshot":
            self.documents[message["id"]] = {one["id"]: one for one in message["data"]}
            return
        known = self.documents[message["id"]]
        for identity in message["removed"]:
            assert known.pop(identity, None) is not None, "a document was removed that was never sent"
        for document in message["changed"]:
            assert known.get(document["id"]) != document, "a document was sent twice"
            known[document["id"]] = document


@contextlib.asynccontextmanager
async def following(url: str, interval: float = 0.25) -> AsyncIterator[Follower]:
    """A follower that runs. What it found wrong is raised when the block ends."""
    follower = Follower(url, interval)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
        if task.done():
            await task
    finally:
        task.cancel()
        await asyncio.wait([task])
