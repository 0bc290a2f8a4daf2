"""A broker, a worker, the monitor as a process, and clients that compare what they are sent with REST.

Document 001: /api/automation/monitoring/ws, with live updates and a new connection after a loss.
"""

import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from celery import Celery
from tools.testbed.proxy import Proxy, proxy
from tools.testbed.servers import RedisServer, free_port
from tools.testbed.waiting import wait_for, wait_for_async

from tests.integration.monitor.monitor_process import ROOT, Monitor, monitor, worker
from tests.integration.monitor.updates.follower import Follower, following

SECONDS = 120.0
TASKS = 2_000
RATE = 1_000
"""Events per second."""


@pytest.fixture(scope="module")
def variables(redis: RedisServer) -> dict[str, str]:
    return {"CELERY_BROKER_URL": redis.database(0), "CELERY_RESULT_BACKEND": redis.database(1)}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Iterator[Monitor]:
    home = tmp_path_factory.mktemp("monitor")
    with (
        worker(home / "worker", variables, "-Q", "default", "-n", "a@%h", "-E", "-c", "2"),
        monitor(home / "monitor", variables=variables) as found,
    ):
        wait_for(lambda: any(one["online"] for one in found.get("/workers")["workers"]), SECONDS, found.text)
        yield found


@pytest.fixture
def way(running: Monitor) -> Iterator[Proxy]:
    """A proxy before the monitor."""
    port = urlsplit(running.url).port
    assert port is not None
    with proxy(port) as made:
        yield made


async def rest(running: Monitor, path: str) -> Any:
    return await asyncio.to_thread(running.get, path)


async def listed(running: Monitor, query: str) -> dict[str, Any]:
    """The tasks of a list, by id."""
    return {one["id"]: one for one in (await rest(running, f"/tasks?{query}"))["tasks"]}


async def until_equal(running: Monitor, follower: Follower, identity: str, query: str) -> dict[str, Any]:
    """Wait until the follower has what REST lists."""

    async def equal() -> dict[str, Any] | None:
        shown = await listed(running, query)
        return shown if shown and follower.documents.get(identity) == shown else None

    return await wait_for_async(equal, SECONDS, lambda: f"{follower.messages[-5:]}\n{running.text()}")


def until(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return condition()

    return check


async def publishing(redis: RedisServer) -> asyncio.subprocess.Process:
    """A program that publishes the events of tasks at RATE."""
    roots = [str(ROOT), str(ROOT / "health"), str(ROOT / "monitor")]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.monitor.publish", redis.url, str(TASKS), "1", str(RATE)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)},
        stdout=asyncio.subprocess.DEVNULL,
    )


async def test_tasks_of_a_worker_arrive_as_rest_shows_them(
    running: Monitor, variables: dict[str, str]
) -> None:
    app = Celery("sender", broker=variables["CELERY_BROKER_URL"])
    async with following(running.url) as follower:
        await follower.subscribe("failed", topic="tasks", filter="state:failure error:PaymentRefused*")
        await follower.subscribe("started", topic="tasks", filter="state:started", limit=10)
        orders = [app.send_task("shop.tasks.place_order", args=(n,), queue="default").id for n in range(3)]
        cards = [app.send_task("shop.tasks.charge_card", args=(n,), queue="default").id for n in range(3)]
        await follower.subscribe("one", topic="task", key=orders[0])

        async def finished() -> bool:
            states = [
                (await asyncio.to_thread(running.task, identity) or {}).get("state")
                for identity in orders + cards
            ]
            return set(states) == {"SUCCESS", "FAILURE"}

        await wait_for_async(finished, SECONDS, running.text)
        shown = await until_equal(
            running, follower, "failed", "state=failure&error=PaymentRefused*&limit=100"
        )
        assert set(cards) <= set(shown)

        async def same() -> bool:
            detail = await rest(running, f"/tasks/{orders[0]}")
            return follower.documents.get("one") == {orders[0]: detail}

        await wait_for_async(same, SECONDS, lambda: follower.documents.get("one"))
        # A task is started for a moment, and then is in the list no more.
        await wait_for_async(until(lambda: follower.documents["started"] == {}), SECONDS, running.text)


async def test_a_client_whose_connection_is_cut_again_and_again_loses_nothing(
    running: Monitor, redis: RedisServer, way: Proxy
) -> None:
    choose = random.Random(3)
    query = "name=shop.tasks.task_7&limit=500"
    async with (
        following(running.url) as steady,
        following(f"http://127.0.0.1:{way.port}") as cut,
        following(running.url, 2.0) as slow,
    ):
        for follower in (steady, cut, slow):
            await follower.subscribe("seven", topic="tasks", filter="name:shop.tasks.task_7", limit=500)
            await follower.subscribe("newest", topic="tasks", limit=50)
        await wait_for_async(until(lambda: "newest" in cut.documents), SECONDS, running.text)
        publisher = await publishing(redis)
        cuts = 0
        while True:
            further = until(_further(cut, len(cut.messages), publisher))
            await wait_for_async(further, SECONDS, running.text)
            if publisher.returncode is not None:
                break  # the client may have no connection to cut
            await asyncio.sleep(choose.uniform(0.0, 0.3))
            match cuts % 3:
                case 0:
                    cut.cut()
                case 1:
                    way.restore()
                case _:
                    # The server goes on for a while, and sends what never arrives.
                    way.lose_connections()
                    await asyncio.sleep(0.5)
                    cut.cut()
            cuts += 1
        assert await publisher.wait() == 0

        async def complete() -> bool:
            shown = await listed(running, query)
            return len(shown) == TASKS / 20 and {one["state"] for one in shown.values()} == {"SUCCESS"}

        await wait_for_async(complete, SECONDS, running.text)
        for follower in (steady, cut, slow):
            await until_equal(running, follower, "seven", query)
            await until_equal(running, follower, "newest", "limit=50")
        assert cut.refused == 0
        await wait_for_async(until(lambda: cut.resumed >= min(3, cuts)), SECONDS, running.text)
        # What came after a cut was a delta: the list was not sent again.
        assert cut.messages.count(("snapshot", "seven")) == 1


def _further(follower: Follower, messages: int, publisher: asyncio.subprocess.Process) -> Callable[[], bool]:
    return lambda: len(follower.messages) > messages or publisher.returncode is not None


async def test_after_a_restart_of_the_monitor_a_client_gets_snapshots(
    tmp_path: Path, redis: RedisServer
) -> None:
    variables = {"CELERY_BROKER_URL": redis.database(2), "CELERY_RESULT_BACKEND": redis.database(3)}
    app = Celery("sender", broker=redis.database(2))
    with (
        worker(tmp_path / "worker", variables, "-Q", "default", "-n", "b@%h", "-E", "-P", "solo"),
        # The kernel could give a port of its choice to another process before the restart.
        monitor(tmp_path / "monitor", "--port", str(free_port()), variables=variables) as restarted,
    ):
        wait_for(lambda: restarted.get("/workers")["workers"], SECONDS, restarted.text)
        async with following(restarted.url) as follower:
            await follower.subscribe("all", topic="tasks")
            app.send_task("shop.tasks.place_order", args=(1,), queue="default")
            await until_equal(restarted, follower, "all", "limit=100")
            assert await asyncio.to_thread(restarted.stop) == 0
            await wait_for_async(until(lambda: follower.closed_with == 1001), SECONDS)
            await asyncio.to_thread(restarted.start)
            await wait_for_async(until(lambda: follower.refused == 1), SECONDS, restarted.text)
            await asyncio.to_thread(restarted.until_connected)
            app.send_task("shop.tasks.place_order", args=(2,), queue="default")
            both = until(lambda: len(follower.documents["all"]) == 2)
            await wait_for_async(both, SECONDS, restarted.text)
            await until_equal(restarted, follower, "all", "limit=100")
            assert follower.messages.count(("snapshot", "all")) == 2
