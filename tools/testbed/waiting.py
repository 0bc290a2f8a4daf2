"""Waiting for a condition with a deadline: the only way in which tests let time pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.05

WAIT_SECONDS = 60.0
"""How long a condition is waited for that usually comes true within a second or a few."""

BUSY_SECONDS = 20.0
"""What a machine that runs other tests at the same time may add to anything, such as the start of Python.
A limit of the product is proven against something that takes far longer than the limit and this.
"""


def wait_for(
    condition: Callable[[], T | None],
    timeout: float = WAIT_SECONDS,
    describe: str | Callable[[], object] = "the condition",
    interval: float = POLL_SECONDS,
) -> T:
    """Call ``condition`` until it gives something truthy, and return that.

    ``timeout`` and ``interval`` are in seconds. Raises AssertionError after it, with ``describe`` in it.
    """
    deadline = time.monotonic() + timeout
    while True:
        # Read before the condition: a pause of this process fails nothing that is true after it.
        is_late = time.monotonic() > deadline
        if value := condition():
            return value
        if is_late:
            raise AssertionError(_late(describe, timeout))
        time.sleep(interval)


async def wait_for_async(
    condition: Callable[[], Awaitable[T | None]],
    timeout: float = WAIT_SECONDS,  # noqa: ASYNC109 (the deadline of a polled condition, not of one await)
    describe: str | Callable[[], object] = "the condition",
) -> T:
    """Await ``condition()`` until it gives something truthy, and return that. As ``wait_for``."""
    deadline = time.monotonic() + timeout
    while True:
        # Read before the condition: a pause of this process fails nothing that is true after it.
        is_late = time.monotonic() > deadline
        if value := await condition():
            return value
        if is_late:
            raise AssertionError(_late(describe, timeout))
        await asyncio.sleep(POLL_SECONDS)


def _late(describe: str | Callable[[], object], timeout: float) -> str:
    what = describe() if callable(describe) else describe
    return f"not within {timeout:g} s: {what}"
