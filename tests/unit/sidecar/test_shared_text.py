"""However often the metrics are asked for, they take only a small part of the sidecar's time."""

import asyncio
import time

import pytest

from celery_probe.sidecar.endpoints.shared_text import REST, SharedText


async def test_all_who_ask_at_the_same_time_get_one_rendering() -> None:
    numbers = iter(range(100))
    text = SharedText(lambda: str(next(numbers)).encode())
    assert await asyncio.gather(*(text.get() for _ in range(50))) == [b"0"] * 50
    assert await text.get() == b"1"


async def test_between_two_renderings_pass_many_times_the_seconds_that_one_takes() -> None:
    spent: list[float] = []

    def render() -> bytes:
        began = time.monotonic()
        sum(range(100_000))
        spent.append(time.monotonic() - began)
        return b""

    text = SharedText(render)
    began = time.monotonic()
    for _ in range(5):
        await text.get()
    elapsed = time.monotonic() - began
    # The loop's clock may be a little coarser.
    assert elapsed > sum(spent) + sum(min(REST * seconds, 1.0) for seconds in spent[:-1]) - 0.001


async def test_a_request_that_is_cancelled_takes_the_text_from_no_other() -> None:
    text = SharedText(lambda: b"text")
    first, second = (asyncio.create_task(text.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == b"text"


async def test_after_a_failure_the_next_request_is_answered() -> None:
    results = iter([ZeroDivisionError, None])

    def render() -> bytes:
        if error := next(results):
            raise error
        return b"text"

    text = SharedText(render)
    with pytest.raises(ZeroDivisionError):
        await text.get()
    assert await text.get() == b"text"
