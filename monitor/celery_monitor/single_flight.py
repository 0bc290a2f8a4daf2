"""A value that is costly to get: it is got once for all that ask at the same time, and kept for a moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs ``work`` at most once at a time, and not again while its last result is younger than ``seconds``.

    An exception of ``work`` goes to all callers that wait, and is not kept.
    """

    def __init__(
        self,
        work: Callable[[], Awaitable[T]],
        seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work = work
        self._seconds = seconds
        self._clock = clock
        self._running: asyncio.Task[T] | None = None
        self._last: tuple[float, T] | None = None

    async def get(self) -> T:
        """The value: the kept one, or that of the run that is in progress or that starts now."""
        if self._last is not None and self._clock() - self._last[0] < self._seconds:
            return self._last[1]
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(self._run())
        # A client that disconnects must not cancel the run that others wait for.
        return await asyncio.shield(self._running)

    async def close(self) -> None:
        """Cancel the run that is in progress."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._running

    async def _run(self) -> T:
        value = await self._work()
        self._last = (self._clock(), value)
        return value
