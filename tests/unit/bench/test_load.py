"""The open-loop load, against a real HTTP server."""

import asyncio
import json

import pytest
from bench.load import Answers, fire, get, main
from tools.testbed.servers import free_port

ANSWER = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Server:
    """Answers every request, but none before ``hold_until`` connections are there."""

    def __init__(self, status: bytes = b"200 OK", hold_until: int = 1) -> None:
        self.connections = 0
        self.port = 0
        self._status = status
        self._hold_until = hold_until
        self._released = asyncio.Event()

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.connections == self._hold_until:
            self._released.set()
        await self._released.wait()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER % self._status)
        await writer.drain()
        writer.close()


async def test_every_request_gets_a_connection_of_its_own() -> None:
    async with Server() as server:
        answers = await fire(server.port, "/livez", rate=100, seconds=0.2)
    assert server.connections == 20
    assert len(answers.latencies) == 20
    assert answers.failures == 0


async def test_requests_go_on_while_none_is_answered_and_the_wait_counts() -> None:
    async with Server(hold_until=10) as server:
        answers = await fire(server.port, "/livez", rate=50, seconds=0.2)
    assert len(answers.latencies) == 10
    # The tenth was due nine fiftieths of a second after the first.
    assert max(answers.latencies) >= 9 / 50


async def test_an_answer_other_than_200_is_a_failure() -> None:
    async with Server(status=b"503 Service Unavailable") as server:
        assert await fire(server.port, "/livez", rate=50, seconds=0.1) == Answers([], 5)


async def test_a_port_without_a_listener_gives_failures_only() -> None:
    assert await fire(free_port(), "/livez", rate=50, seconds=0.1) == Answers([], 5)


async def test_a_single_request_returns_the_whole_answer() -> None:
    async with Server() as server:
        assert await asyncio.to_thread(get, server.port, "/livez") == ANSWER % b"200 OK"


async def test_as_a_program_it_prints_what_it_saw(capsys: pytest.CaptureFixture[str]) -> None:
    async with Server() as server:
        words = [f"--port={server.port}", "--rate=50", "--seconds=0.1"]
        await asyncio.to_thread(main, words)
    printed = json.loads(capsys.readouterr().out)
    assert len(printed["latencies"]) == 5
    assert printed["failures"] == 0
