"""Feeds of numbers that only the history has: the overview and the failures. All read the last hour."""

from collections.abc import Sequence

import msgspec

from celery_monitor.history import Window
from celery_monitor.web.documents import failure_groups, system_stats
from celery_monitor.web.updates.feeds.feed import Feed, Sources
from celery_monitor.web.updates.feeds.live import ONLY
from celery_monitor.web.updates.feeds.stored import Stored

WINDOW_SECONDS = 3600.0
SHORTEST_PAUSE = 2.0
LONGEST_PAUSE = 15.0
_MOST_GROUPS = 200


def _window(now: float) -> Window:
    return Window(now - WINDOW_SECONDS, now)


class OverviewFeed(Feed):
    """The system in numbers, in one document."""

    @property
    def pause(self) -> float:
        """Two seconds."""
        return SHORTEST_PAUSE

    async def read(self) -> None:
        """Read the numbers. While the history is away, the document has those of workers and queues."""
        now = self.sources.clock()
        stats = await system_stats(self.sources.history, self.sources.live, _window(now))
        self.documents.update({ONLY: stats.model_dump_json().encode()}, ())


class FailuresFeed(Feed):
    """A document for each group of failures."""

    weight = _MOST_GROUPS

    def __init__(self, sources: Sources) -> None:
        super().__init__(sources)
        self._stale = True

    @property
    def pause(self) -> float:
        """Short after a task with an error was stored. Otherwise long: the hour moves on."""
        return SHORTEST_PAUSE if self._stale else LONGEST_PAUSE

    async def read(self) -> None:
        """Read the groups."""
        self._stale = False
        groups = await failure_groups(self.sources.history, _window(self.sources.clock()), _MOST_GROUPS)
        self.documents.replace(
            {
                msgspec.json.encode([group.error, group.place]): group.model_dump_json().encode()
                for group in groups
            }
        )

    def take(self, stored: Sequence[Stored]) -> None:
        """Read again if a task had an error, now or before."""
        if not self._stale:
            self._stale = any(one.task.error is not None for one in stored)
