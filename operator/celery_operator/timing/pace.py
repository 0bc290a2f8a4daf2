"""When a reconcile runs next."""

import asyncio
import time
from dataclasses import dataclass

from celery_operator.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Rest:
    """How long to wait after a reconcile that succeeded.

    ``seconds``: at most this long. ``soon``: more will be known in a moment.
    """

    seconds: float
    soon: bool = False


class Pace:
    """When a reconcile runs next: when an object changed, after its period, or after a failure with growing
    pauses.
    """

    SOON_SECONDS = 0.5
    """The period while more will be known in a moment."""
    SOON_LASTS_SECONDS = 10.0
    """What is not known after this long is waited for at the usual period."""

    def __init__(self, name: str, debounce: float, backoff: Backoff) -> None:
        self.name = name
        self.ended_at = time.monotonic()
        self.failures = 0
        self._debounce = debounce
        self._backoff = backoff
        self._woken = asyncio.Event()
        self._soon_since: float | None = None

    def wake(self) -> None:
        """Reconcile soon: an object changed."""
        self._woken.set()

    async def rest(self, rest: Rest) -> None:
        """Wait after a success, until an object changes or the rest is over."""
        self.ended_at = time.monotonic()
        self.failures = 0
        try:
            async with asyncio.timeout(self._seconds(rest)):
                await self._woken.wait()
            await asyncio.sleep(self._debounce)
        except TimeoutError:
            pass
        self._woken.clear()

    async def back_off(self) -> None:
        """Wait after a failure. Changes do not shorten the pause, which protects the API server."""
        self.ended_at = time.monotonic()
        self.failures += 1
        await asyncio.sleep(self._backoff.pause(self.failures))
        self._woken.clear()

    def _seconds(self, rest: Rest) -> float:
        if not rest.soon:
            self._soon_since = None
            return rest.seconds
        if self._soon_since is None:
            self._soon_since = self.ended_at
        if self.ended_at - self._soon_since >= self.SOON_LASTS_SECONDS:
            return rest.seconds
        return min(self.SOON_SECONDS, rest.seconds)
