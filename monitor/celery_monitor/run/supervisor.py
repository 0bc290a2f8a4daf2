"""Runs the parts of the monitor side by side. A part that fails is reported and started again."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from celery_health.error_text import in_one_line
from celery_monitor.cancellation import raise_if_cancelled

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A part that has run for this time starts over without a longer pause.
_RECOVERED_SECONDS = 60.0

_log = logging.getLogger(__name__)


class Supervisor:
    """Keeps parts running until it is cancelled. The failure of one part does not stop another."""

    def __init__(self, *, first_pause: float = FIRST_PAUSE_SECONDS) -> None:
        self._first_pause = first_pause
        self._parts: dict[str, Callable[[], Awaitable[None]]] = {}
        self._failures: dict[str, str] = {}

    def add(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Add a part, which runs for ever when it works. ``name`` is for the log and for ``problem``."""
        self._parts[name] = part

    def problem(self) -> str | None:
        """Which parts do not run now, as a sentence; None if all do."""
        if not self._failures:
            return None
        return " ".join(f"{name} failed and is started again: {why}." for name, why in self._failures.items())

    async def run(self) -> None:
        """Run all parts for ever."""
        async with asyncio.TaskGroup() as group:
            for name, part in self._parts.items():
                group.create_task(self._keep(name, part), name=name)

    async def _keep(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        pause = self._first_pause
        while True:
            begun = time.monotonic()
            recovering = asyncio.get_running_loop().call_later(pause, self._failures.pop, name, None)
            try:
                await part()
                why = "it ended by itself"
            except Exception as error:  # whatever it is, the other parts go on
                why = _cause(error)
                _log.exception("%s failed and is started again", name)
            finally:
                recovering.cancel()
            raise_if_cancelled()
            self._failures[name] = why
            if time.monotonic() - begun > _RECOVERED_SECONDS:
                pause = self._first_pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _cause(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return in_one_line(error).rstrip(".")
