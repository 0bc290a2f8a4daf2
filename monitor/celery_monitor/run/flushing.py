"""Changed records from the merger to the history, four times a second, and samples now and then."""

import asyncio

from celery_monitor.events.merge import Merger
from celery_monitor.history import History
from celery_monitor.live.live import Live

FLUSH_SECONDS = 0.25
SAMPLE_SECONDS = 15.0
# When a worker goes, thousands of tasks may change. Of the slowest, this many take a few milliseconds.
_IN_TURN = 500


class Flusher:
    """Hands every change on exactly once."""

    def __init__(self, merger: Merger, live: Live, history: History) -> None:
        self._merger = merger
        self._live = live
        self._history = history
        self._next_sample = 0.0

    async def run(self) -> None:
        """Flush for ever. Changes are also taken while earlier ones are written: the merger keeps all,
        and the history as many as there is room for.
        """
        async with asyncio.TaskGroup() as group:
            while True:
                await self._take()
                group.create_task(self._history.write())
                await asyncio.sleep(FLUSH_SECONDS)

    async def flush(self) -> None:
        """Write what has changed since the last flush. While the database is away, it waits in memory."""
        await self._take()
        await self._history.write()

    async def _take(self) -> None:
        # What changes meanwhile is for the next flush.
        for _ in range(0, self._merger.changed, _IN_TURN):
            part = self._merger.take_changed(_IN_TURN)
            self._live.on_changed(part)
            self._history.take(part)
            await asyncio.sleep(0)
        now = self._live.clock()
        if now >= self._next_sample:
            self._next_sample = now + SAMPLE_SECONDS
            self._history.take((), *self._live.samples())
