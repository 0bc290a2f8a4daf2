"""Cancellation that a library has swallowed, and work that is finished in spite of it."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def raise_if_cancelled() -> None:
    """Raise CancelledError if the running task was cancelled and goes on all the same.

    A loop that runs until it is cancelled calls this after each turn. redis-py and Python 3.11's ``wait_for``
    lose a cancellation that arrives while they connect, and the monitor would never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def finish(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Do ``work``. Once this task is cancelled, it has that many seconds left; then it is cancelled too."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait([task], timeout=seconds)
            task.cancel()
        raise
