"""Work that is finished although the task that waits for it is cancelled."""

import asyncio

import pytest

from celery_monitor.cancellation import finish


async def cancelled_while(started: asyncio.Event, waiting: "asyncio.Task[None]") -> None:
    await started.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_work_is_finished_when_its_task_is_cancelled() -> None:
    started, goes_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        await goes_on.wait()
        done.set()

    waiting = asyncio.create_task(finish(work(), seconds=30))
    asyncio.get_running_loop().call_later(0.05, goes_on.set)
    await cancelled_while(started, waiting)
    assert done.is_set()


async def test_work_that_takes_longer_is_cancelled_too() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    await cancelled_while(started, asyncio.create_task(finish(work(), seconds=0)))
    await asyncio.wait_for(ended.wait(), 30)


async def test_an_error_of_the_work_is_raised() -> None:
    async def work() -> None:
        raise ValueError("as expected")

    with pytest.raises(ValueError, match="as expected"):
        await finish(work(), seconds=1)
