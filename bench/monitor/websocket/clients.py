"""Clients of the WebSocket: a program of its own, so that its CPU time is not counted.

It writes a file when every client has its snapshots, and prints what was received when it is ended.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, WSMsgType

INTERVAL = 0.5
FILTERS = 20
"""Different filters; half of the clients have one, the others list all tasks."""
_READ_EVERY = 10
"""A client decodes one message of this number: decoding all takes more than the monitor needs."""
_TOPICS = ("overview", "workers", "queues")


class _Task(msgspec.Struct):
    received: float | None = None
    started: float | None = None
    finished: float | None = None


class _Message(msgspec.Struct):
    op: str
    id: str = ""
    changed: list[msgspec.Raw] = []


class Clients:
    """Counts what all clients receive. ``lags``: seconds from an event to its arrival at a client."""

    def __init__(self) -> None:
        self.lags: list[float] = []
        self.messages = 0
        self.bytes = 0
        self.snapshots = 0
        self.ended = 0
        self.ready = asyncio.Semaphore(0)

    async def follow(self, client: ClientSession, url: str, number: int) -> None:
        """One client that reads."""
        async with client.ws_connect(url, max_msg_size=0) as socket:
            await _subscribe(socket, number)
            waiting = {"tasks", *_TOPICS}
            async for received in socket:
                if received.type is not WSMsgType.TEXT:
                    break
                self.messages += 1
                self.bytes += len(received.data)
                if waiting:
                    waiting.discard(msgspec.json.decode(received.data, type=_Message).id)
                    if not waiting:
                        self.ready.release()
                elif (self.messages + number) % _READ_EVERY == 0:
                    self._read(received.data)
        self.ended += 1

    async def stop(self, client: ClientSession, url: str, number: int) -> None:
        """One client that reads no more after its first message."""
        async with client.ws_connect(url, max_msg_size=0) as socket:
            await _subscribe(socket, number)
            await socket.receive()
            self.ready.release()
            await asyncio.Event().wait()

    def _read(self, text: str) -> None:
        now = time.time()
        message = msgspec.json.decode(text, type=_Message)
        self.snapshots += message.op == "snapshot"
        if message.id != "tasks":
            return
        for raw in message.changed:
            task = msgspec.json.decode(raw, type=_Task)
            times = [at for at in (task.received, task.started, task.finished) if at is not None]
            self.lags.append(now - max(times))


async def _subscribe(socket: ClientWebSocketResponse, number: int) -> None:
    await socket.receive()
    await socket.send_json({"op": "interval", "seconds": INTERVAL})
    for topic in _TOPICS:
        await socket.send_json({"op": "subscribe", "id": topic, "topic": topic})
    own = f"name:shop.tasks.task_{number // 2 % FILTERS}" if number % 2 else ""
    await socket.send_json({"op": "subscribe", "id": "tasks", "topic": "tasks", "filter": own})


async def run(url: str, token: str, reading: int, stopped: int, ready: Path) -> Clients:
    """Connect all clients, and follow until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    clients = Clients()
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession(headers=headers, connector=TCPConnector(limit=0)) as client:
        tasks = [asyncio.create_task(clients.follow(client, url, number)) for number in range(reading)]
        tasks += [asyncio.create_task(clients.stop(client, url, number)) for number in range(stopped)]
        for _ in tasks:
            await clients.ready.acquire()
        clients.lags.clear()
        await asyncio.to_thread(ready.touch)
        await ended.wait()
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
    return clients


def percentile(values: Sequence[float], part: float) -> float:
    """The value that this part of all values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("token")
    parser.add_argument("reading", type=int)
    parser.add_argument("stopped", type=int)
    parser.add_argument("ready", type=Path)
    parser.add_argument("result", type=Path)
    options = parser.parse_args()
    found = asyncio.run(run(options.url, options.token, options.reading, options.stopped, options.ready))
    lags = found.lags or [0.0]
    options.result.write_text(
        json.dumps(
            {
                "p50": percentile(lags, 0.5),
                "p95": percentile(lags, 0.95),
                "longest": max(lags),
                "sampled": len(found.lags),
                "messages": found.messages,
                "bytes": found.bytes,
                "ended": found.ended,
            }
        )
    )
