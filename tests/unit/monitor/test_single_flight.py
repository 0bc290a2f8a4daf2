"""A costly value is got once for all that ask, and kept for a moment."""

import asyncio

import pytest

from celery_monitor.single_flight import SingleFlight


class Work:
    """Counts its runs, and ends when the test says so."""

    def __init__(self) -> None:
        self.runs = 0
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> int:
        self.runs += 1
        number = self.runs
        await self.may_end.wait()
        return number


async def test_those_that_ask_at_the_same_time_share_one_run() -> None:
    work = Work()
    work.may_end.clear()
    flight = SingleFlight(work, clock=lambda: 0.0)
    asking = [asyncio.ensure_future(flight.get()) for _ in range(50)]
    await asyncio.sleep(0)
    work.may_end.set()
    assert await asyncio.gather(*asking) == [1] * 50


async def test_a_value_is_kept_for_its_time() -> None:
    now = 0.0
    flight = SingleFlight(Work(), seconds=1.0, clock=lambda: now)
    assert await flight.get() == 1
    now = 0.9
    assert await flight.get() == 1
    now = 1.0
    assert await flight.get() == 2


async def test_a_caller_that_leaves_does_not_end_the_run_of_the_others() -> None:
    work = Work()
    work.may_end.clear()
    flight = SingleFlight(work)
    leaving, staying = asyncio.ensure_future(flight.get()), asyncio.ensure_future(flight.get())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    work.may_end.set()
    assert await staying == 1


async def test_an_error_goes_to_all_that_wait_and_is_not_kept() -> None:
    runs = 0

    async def fail() -> int:
        nonlocal runs
        runs += 1
        raise OSError("away")

    flight = SingleFlight(fail)
    for expected in (1, 2):
        with pytest.raises(OSError, match="away"):
            await flight.get()
        assert runs == expected


async def test_close_ends_the_run() -> None:
    work = Work()
    work.may_end.clear()
    flight = SingleFlight(work)
    asking = asyncio.ensure_future(flight.get())
    await asyncio.sleep(0)
    await flight.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
