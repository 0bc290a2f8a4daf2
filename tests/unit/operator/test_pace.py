"""When a step runs next."""

import asyncio
import time

from celery_operator.pace import Pace


async def rested(pace: Pace, *, failed: bool = False) -> float:
    """The seconds it took, which have to be less than 5."""
    began = time.monotonic()
    async with asyncio.timeout(5):
        await pace.rest(failed=failed)
    return time.monotonic() - began


def a_pace(period: float = 0.4) -> Pace:
    pace = Pace("judge", period, debounce=0.0, longest_backoff=0.2)
    pace.HASTE_SECONDS = 0.05
    return pace


async def test_a_step_rests_for_its_period() -> None:
    assert await rested(a_pace()) >= 0.4


async def test_a_step_that_is_woken_runs_soon() -> None:
    pace = a_pace(period=60)
    pace.wake()
    assert await rested(pace) < 1


async def test_a_step_in_doubt_runs_again_soon_and_at_its_pace_when_the_doubt_is_gone() -> None:
    pace = a_pace(period=60)
    pace.hasten(while_true=True)
    assert await rested(pace) >= 0.05
    pace.hasten(while_true=False)
    pace.period = 0.4
    assert await rested(pace) >= 0.4


async def test_a_doubt_that_lasts_hastens_no_longer() -> None:
    pace = a_pace()
    pace.HASTE_LASTS_SECONDS = 0.0
    pace.hasten(while_true=True)
    assert await rested(pace) >= 0.4


async def test_a_failure_is_followed_by_growing_pauses_that_nothing_shortens() -> None:
    pace = a_pace(period=60)
    pace.FIRST_BACKOFF_SECONDS = 0.1
    pace.wake()
    assert await rested(pace, failed=True) >= 0.1
    assert await rested(pace, failed=True) >= 0.2
