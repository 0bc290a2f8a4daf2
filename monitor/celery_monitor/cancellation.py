"""Cancellation that a library has swallowed."""

import asyncio


def raise_if_cancelled() -> None:
    """Raise CancelledError if the running task was cancelled and goes on all the same.

    A loop that runs until it is cancelled calls this after each turn. redis-py and Python 3.11's ``wait_for``
    lose a cancellation that arrives while they connect, and the monitor would never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
