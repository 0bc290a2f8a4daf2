"""Blocking work in one thread, one piece after the other."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from celery_health.threads import SingleThread

T = TypeVar("T")

MAX_WAITING = 20
"""Pieces of work that run or wait. More of them would end too late for the callers that ask for them."""


class TooManyError(Exception):
    """Too many pieces of work wait already."""


class Turns:
    """At most one thread, and a bounded number of callers that wait for it.

    ``seconds``: for one piece of work.
    """

    def __init__(self, seconds: float) -> None:
        self._thread: SingleThread[Any] = SingleThread(seconds)
        self._turn = asyncio.Lock()
        self._callers = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` when it is its turn. A caller that is cancelled leaves its thread running.

        Raises:
            TimeoutError: ``work``, or earlier work that still hangs, did not end in time.
            TooManyError: too many callers wait.
        """
        if self._callers >= MAX_WAITING:
            raise TooManyError
        self._callers += 1
        try:
            async with self._turn:
                result: T = await self._thread.run(work)
                return result
        finally:
            self._callers -= 1
