"""Lookups of host names that hang delay no other lookup."""

import asyncio
import contextvars
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tools.testbed.waiting import wait_for_async

from celery_operator.shares import holders
from celery_operator.shares.host_lookups import AT_ONCE_OF_ONE, OperatorLoop

NEIGHBOURS = 50


class NameServer:
    """Answers for ``localhost``, and for no other name before the test ends."""

    def __init__(self) -> None:
        self.end = threading.Event()
        self.asked = 0

    def getaddrinfo(self, host: str, *_: Any, **__: Any) -> list[Any]:
        self.asked += 1
        if host != "localhost":
            self.end.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    yield server
    server.end.set()


def resolve(holder: str, host: str) -> "asyncio.Task[Any]":
    """A lookup of this holder, under way."""

    def start() -> "asyncio.Task[Any]":
        holders.begin(holder)
        loop = asyncio.get_running_loop()
        return asyncio.create_task(loop.getaddrinfo(host, 6379))

    return contextvars.copy_context().run(start)


@pytest.mark.parametrize("holder", ["market/shop", holders.OPERATOR])
def test_names_of_50_neighbours_that_hang_delay_no_other_name(name_server: NameServer, holder: str) -> None:
    async def main() -> None:
        hanging = [
            resolve(f"tar-pit/{number}", f"{one}.tar.pit") for number in range(NEIGHBOURS) for one in range(9)
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(30):
            found = await resolve(holder, "localhost")
        assert found[0][4] == ("127.0.0.1", 0)
        assert not any(task.done() for task in hanging)
        name_server.end.set()
        await asyncio.wait(hanging)

    with asyncio.Runner(loop_factory=OperatorLoop) as runner:
        runner.run(main())


def test_a_lookup_that_was_given_up_counts_until_it_ends(name_server: NameServer) -> None:
    async def main() -> None:
        hanging = [resolve("tar-pit", f"{one}.tar.pit") for one in range(AT_ONCE_OF_ONE)]

        async def all_hang() -> bool:
            return name_server.asked == AT_ONCE_OF_ONE

        await wait_for_async(all_hang, describe="the lookups")
        for task in hanging:
            task.cancel()
        await asyncio.wait(hanging)
        next_one = resolve("tar-pit", "localhost")
        await asyncio.wait([next_one], timeout=0.05)
        assert name_server.asked == AT_ONCE_OF_ONE

        name_server.end.set()

        async with asyncio.timeout(30):
            await next_one

    with asyncio.Runner(loop_factory=OperatorLoop) as runner:
        runner.run(main())


def test_without_a_thread_the_share_is_not_used_up(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", no_thread)
            for _ in range(2 * AT_ONCE_OF_ONE):
                with pytest.raises(RuntimeError, match="can't start"):
                    await resolve("market/shop", "localhost")
        async with asyncio.timeout(30):
            await resolve("market/shop", "localhost")

    with asyncio.Runner(loop_factory=OperatorLoop) as runner:
        runner.run(main())
