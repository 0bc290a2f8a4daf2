"""Sidecars that never answer: those of 50 CeleryDeployments with many pods each, beside one that is well."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from celery_operator.act.orders import Orders
from celery_operator.decide.orders import DrainOrder
from celery_operator.kinds import Json
from celery_operator.observe.sidecars import SidecarError, Sidecars
from celery_operator.shares import holders
from celery_operator.sidecar_address import AT_ONCE

NEIGHBOURS = 50
PODS = 50


class Network:
    """The pods of the shop answer at once, all others never."""

    def __init__(self) -> None:
        self.hanging = 0

    async def fetch(self, pod: Json, token: str) -> bytes:
        await self._answer(pod)
        return b"{}"

    async def send(self, pod: Json, path: str, body: Json, token: str) -> None:
        await self._answer(pod)

    async def _answer(self, pod: Json) -> None:
        if pod["metadata"]["namespace"] != "market":
            self.hanging += 1
            await asyncio.Event().wait()


def pods(namespace: str, number: int) -> dict[str, Json]:
    """By uid."""
    names = [f"{namespace}-{one}" for one in range(number)]
    return {name: {"metadata": {"namespace": namespace, "name": name, "uid": name}} for name in names}


def tasks_of(holder: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> "asyncio.Task[Any]":
    def start() -> "asyncio.Task[Any]":
        holders.begin(holder)
        return asyncio.create_task(work())

    return contextvars.copy_context().run(start)


async def settled(network: Network) -> None:
    """Wait until no further request of a neighbour goes out."""
    before = -1
    while network.hanging > before:
        before = network.hanging
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.mark.parametrize("failed_before", [False, True])
async def test_readings_of_a_neighbour_go_on(failed_before: bool) -> None:
    network = Network()
    sidecars = Sidecars(network)

    async def read_all(namespace: str, number: int) -> list[bytes | BaseException]:
        return await asyncio.gather(
            *(
                sidecars.fetch(pod, "", failed_before=failed_before)
                for pod in pods(namespace, number).values()
            ),
            return_exceptions=True,
        )

    slow = [
        tasks_of(f"slow-{number}", lambda number=number: read_all(f"slow-{number}", PODS))  # type: ignore[misc]
        for number in range(NEIGHBOURS)
    ]
    await settled(network)
    async with asyncio.timeout(2):
        found = await tasks_of("market/shop", lambda: read_all("market", 20))

    assert found == [b"{}"] * 20
    assert not any(isinstance(one, SidecarError) for one in found)
    for task in slow:
        task.cancel()
    await asyncio.wait(slow)


async def test_orders_of_a_neighbour_go_out() -> None:
    network = Network()
    orders = Orders(network)

    async def drain_all(namespace: str, number: int) -> None:
        known = pods(namespace, number)
        await orders.send([DrainOrder(uid, uid, drain=True) for uid in known], known, "token")

    slow = [
        tasks_of(f"slow-{number}", lambda number=number: drain_all(f"slow-{number}", PODS))  # type: ignore[misc]
        for number in range(NEIGHBOURS)
    ]
    await settled(network)
    assert network.hanging < AT_ONCE
    async with asyncio.timeout(2):
        await tasks_of("market/shop", lambda: drain_all("market", 20))
    for task in slow:
        task.cancel()
    await asyncio.wait(slow)
