"""A part that fails is reported and started again, and does not stop the others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from tools.testbed.waiting import wait_for_async

from celery_monitor.run.supervisor import Supervisor


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[None]:
    task = asyncio.create_task(supervisor.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(condition: Callable[[], bool]) -> None:
    async def fulfilled() -> bool:
        return condition()

    await wait_for_async(fulfilled, 30)


async def test_a_part_that_fails_is_started_again_while_the_others_go_on() -> None:
    starts: list[str] = []

    async def failing() -> None:
        starts.append("failing")
        raise OSError("no route")

    async def steady() -> None:
        starts.append("steady")
        await asyncio.Event().wait()

    supervisor = Supervisor(first_pause=0.01)
    supervisor.add("failing", failing)
    supervisor.add("steady", steady)
    async with running(supervisor):
        await until(lambda: starts.count("failing") >= 3)
    assert starts.count("steady") == 1


async def test_a_failure_is_a_problem_until_the_part_runs_again() -> None:
    broken = True

    async def part() -> None:
        if broken:
            raise RuntimeError("redis://:planted@broker is away\nand more")
        await asyncio.Event().wait()

    supervisor = Supervisor(first_pause=0.01)
    supervisor.add("The receiver", part)
    assert supervisor.problem() is None
    async with running(supervisor):
        await until(lambda: supervisor.problem() is not None)
        problem = str(supervisor.problem())
        assert (
            problem == "The receiver failed and is started again: RuntimeError: redis://***@broker is away."
        )
        broken = False
        await until(lambda: supervisor.problem() is None)


async def test_a_part_that_ends_by_itself_is_started_again() -> None:
    starts: list[int] = []

    async def part() -> None:
        starts.append(1)

    supervisor = Supervisor(first_pause=0.01)
    supervisor.add("part", part)
    async with running(supervisor):
        await until(lambda: len(starts) >= 2)
        assert "ended by itself" in str(supervisor.problem())


async def test_a_failure_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def part() -> None:
        raise ExceptionGroup("both", [KeyError("name")])

    supervisor = Supervisor(first_pause=0.01)
    supervisor.add("part", part)
    async with running(supervisor):
        await until(lambda: bool(caplog.records))
        await until(lambda: supervisor.problem() is not None)
        assert "KeyError: 'name'" in str(supervisor.problem())
    assert caplog.records[0].exc_info is not None


async def test_it_ends_although_a_part_loses_the_cancellation() -> None:
    entered = asyncio.Event()

    async def careless() -> None:
        try:
            entered.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            # As redis-py does while it connects.
            raise TimeoutError from None

    supervisor = Supervisor()
    supervisor.add("careless", careless)
    task = asyncio.create_task(supervisor.run())
    await entered.wait()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=30)
    assert done == {task}
