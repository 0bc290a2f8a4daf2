"""When a step that repeats runs next."""

import asyncio
import time


class Pace:
    """When a step runs next: woken, after its period, or after a failure with growing pauses."""

    FIRST_BACKOFF_SECONDS = 0.5
    HASTE_SECONDS = 0.5
    HASTE_LASTS_SECONDS = 10.0

    def __init__(self, name: str, period: float, debounce: float, longest_backoff: float) -> None:
        self.name = name
        self.ended_at = time.monotonic()
        self.period = period
        self._debounce = debounce
        self._longest_backoff = longest_backoff
        self.failures = 0
        self._woken = asyncio.Event()
        self._hasty_since: float | None = None

    def wake(self) -> None:
        """Run the step soon."""
        self._woken.set()

    def hasten(self, *, while_true: bool) -> None:
        """Run soon again while this holds, but not for ever: then at the usual pace."""
        if not while_true:
            self._hasty_since = None
        elif self._hasty_since is None:
            self._hasty_since = time.monotonic()

    def _pause(self) -> float:
        hasty = self._hasty_since
        if hasty is not None and time.monotonic() - hasty < self.HASTE_LASTS_SECONDS:
            return min(self.HASTE_SECONDS, self.period)
        return self.period

    async def rest(self, *, failed: bool) -> None:
        """Wait for the next run. After a failure nothing wakes it: the pause protects the API server."""
        self.ended_at = time.monotonic()
        if failed:
            self.failures += 1
            pause = self.FIRST_BACKOFF_SECONDS * 2.0 ** (self.failures - 1)
            await asyncio.sleep(min(pause, self._longest_backoff))
        else:
            self.failures = 0
            try:
                async with asyncio.timeout(self._pause()):
                    await self._woken.wait()
                await asyncio.sleep(self._debounce)
            except TimeoutError:
                pass
        self._woken.clear()
