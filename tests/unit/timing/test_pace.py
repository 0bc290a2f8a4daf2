"""When a reconcile runs next."""

import asyncio
import time
from collections.abc import Awaitable

from celery_operator.backoff import Backoff
from celery_operator.timing.pace import Pace, Rest


async def seconds_of(rest: Awaitable[None]) -> float:
    """The seconds it took, which have to be less than 30."""
    began = time.monotonic()
    async with asyncio.timeout(30):
        await rest
    return time.monotonic() - began


def a_pace(backoff: Backoff = Backoff(first=0.1, limit=0.2)) -> Pace:  # noqa: B008 - frozen
    pace = Pace("health", debounce=0.0, backoff=backoff)
    pace.SOON_SECONDS = 0.05
    return pace


async def test_a_reconcile_rests_for_its_period() -> None:
    assert await seconds_of(a_pace().rest(Rest(0.4))) >= 0.4


async def test_a_reconcile_that_is_woken_runs_soon() -> None:
    pace = a_pace()
    pace.wake()
    await seconds_of(pace.rest(Rest(60)))


async def test_a_reconcile_in_doubt_runs_again_soon_and_at_its_pace_when_the_doubt_is_gone() -> None:
    pace = a_pace()
    assert await seconds_of(pace.rest(Rest(60, soon=True))) >= 0.05
    assert await seconds_of(pace.rest(Rest(0.4))) >= 0.4


async def test_a_doubt_that_lasts_shortens_no_rest_any_more() -> None:
    pace = a_pace()
    pace.SOON_LASTS_SECONDS = 0.0
    assert await seconds_of(pace.rest(Rest(0.4, soon=True))) >= 0.4


async def test_a_failure_is_followed_by_growing_pauses_that_nothing_shortens() -> None:
    pace = a_pace()
    pace.wake()
    assert await seconds_of(pace.back_off()) >= 0.1
    assert await seconds_of(pace.back_off()) >= 0.2


def test_pauses_double_up_to_the_limit() -> None:
    assert Backoff(first=0.5, limit=3.0).pauses(5) == (0.5, 1.0, 2.0, 3.0, 3.0)
    assert Backoff(first=0.5, limit=3.0).pause(0) == 0.0
    assert Backoff(first=0.5, limit=3.0).pause(10_000) == 3.0
