"""Measures how late the event loop runs: a long step in it delays every other reconcile."""

import asyncio
import logging
from collections.abc import Callable

PERIOD_SECONDS = 0.25
"""Between two measurements."""

LONG_SECONDS = 1.0
"""A delay that is worth a line in the log."""

_log = logging.getLogger(__name__)


class LoopDelay:
    """Sleeps again and again, and gives ``observe`` the seconds by which it was woken too late."""

    def __init__(self, observe: Callable[[float], None]) -> None:
        self._observe = observe

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD_SECONDS
            await asyncio.sleep(PERIOD_SECONDS)
            delay = max(0.0, loop.time() - due)
            self._observe(delay)
            if delay >= LONG_SECONDS:
                _log.warning("the event loop was blocked for %.1f s", delay)
