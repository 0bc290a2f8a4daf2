"""All feeds that clients use now."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from celery_monitor.history import HistoryUnavailableError, TaskFilter
from celery_monitor.history.filters.matching import StoredTask
from celery_monitor.web.updates.feeds.feed import Feed, Sources
from celery_monitor.web.updates.feeds.live import ResourceFeed, ScheduleFeed, queues_feed, workers_feed
from celery_monitor.web.updates.feeds.numbers import FailuresFeed, OverviewFeed
from celery_monitor.web.updates.feeds.stored import Stored
from celery_monitor.web.updates.feeds.tasks import TaskFeed, TasksFeed
from celery_monitor.web.updates.protocol import Topic

MAX_FEEDS = 400
MAX_WEIGHT = 60_000
"""How many documents all feeds may have."""
_READINGS_AT_ONCE = 2
_RETRY_SECONDS = 2.0
"""While the history fails, every feed tries again after this time, so that clients learn of both changes."""
_UNAVAILABLE = (
    "The history cannot be read now: its database does not answer, or the query takes too long. The monitor "
    "tries again. GET /readyz and the log of the monitor say more."
)

_log = logging.getLogger(__name__)


class Subject(NamedTuple):
    """What a client subscribes to. Equal subjects share a feed."""

    topic: Topic
    task_filter: TaskFilter = TaskFilter()
    limit: int = 0
    key: str = ""


class FullError(Exception):
    """There are too many feeds. The message goes to the client."""


_SIMPLE: Mapping[Topic, Callable[[Sources], Feed]] = {
    Topic.OVERVIEW: OverviewFeed,
    Topic.WORKERS: workers_feed,
    Topic.QUEUES: queues_feed,
    Topic.FAILURES: FailuresFeed,
    Topic.SCHEDULE: ScheduleFeed,
    Topic.RESOURCE: ResourceFeed,
}


class Feeds:
    """Opens feeds, keeps them up to date, and closes those without a client.

    ``on_ready`` is called when a feed becomes ready, and when its problem changes.
    """

    def __init__(self, sources: Sources, on_ready: Callable[[Feed], object]) -> None:
        self._sources = sources
        self._on_ready = on_ready
        self._feeds: dict[Subject, Feed] = {}
        self._users: dict[Feed, int] = {}
        self._subjects: dict[Feed, Subject] = {}
        self._readings: dict[Feed, asyncio.Task[None]] = {}
        self._limit = asyncio.Semaphore(_READINGS_AT_ONCE)
        self._available = True

    def __len__(self) -> int:
        """The number of feeds."""
        return len(self._feeds)

    def __iter__(self) -> Iterator[Feed]:
        """All feeds."""
        return iter(self._feeds.values())

    def acquire(self, subject: Subject) -> Feed:
        """The feed of a subject. Release it once for each call.

        Raises:
            FullError: there are too many feeds.
        """
        feed = self._feeds.get(subject)
        if feed is None:
            feed = self._made(subject)
            if len(self._feeds) >= MAX_FEEDS or self._weight() + feed.weight > MAX_WEIGHT:
                raise FullError(
                    "The monitor has too many different subscriptions now: end some, choose a smaller "
                    "`limit`, or try again later."
                )
            if not self._feeds:
                self._sources.history.follow(self.take)
            self._feeds[subject], self._subjects[feed], self._users[feed] = feed, subject, 0
            self._keep_up(feed)
        self._users[feed] += 1
        return feed

    def release(self, feed: Feed) -> None:
        """Give a feed back. The last one closes it."""
        self._users[feed] -= 1
        if self._users[feed]:
            return
        del self._feeds[self._subjects.pop(feed)], self._users[feed]
        if not self._feeds:
            self._sources.history.follow(None)

    def take(self, stored: Sequence[StoredTask]) -> None:
        """Hand stored tasks to all feeds. It never raises: the history goes on whatever a feed does."""
        tasks = [Stored(task) for task in stored]
        for feed in self:
            try:
                feed.take(tasks)
            except Exception:
                _log.exception("Live updates could not take in stored tasks")
                feed.read_at = None

    def keep_up(self) -> None:
        """Refresh all feeds, and begin readings that are due."""
        self._available = self._sources.history.status().available
        for feed in self:
            self._keep_up(feed)

    def _keep_up(self, feed: Feed) -> None:
        if feed.reads:
            if self._is_due(feed) and feed not in self._readings:
                feed.read_at = self._sources.clock()
                self._readings[feed] = asyncio.create_task(self._read(feed), name="live-updates-reading")
            return
        try:
            feed.refresh()
        except Exception:
            # The feed keeps what it has, and the others go on.
            _log.exception("Live updates could not show the present state")

    def _is_due(self, feed: Feed) -> bool:
        if feed.read_at is None:
            return True
        impaired = feed.problem is not None or not self._available
        pause = min(feed.pause, _RETRY_SECONDS) if impaired else feed.pause
        return self._sources.clock() - feed.read_at >= pause

    async def _read(self, feed: Feed) -> None:
        before = feed.ready, feed.problem
        try:
            async with self._limit:
                if feed not in self._users:
                    # It was closed while it waited. A query that runs is not cancelled: it ends by itself.
                    return
                await feed.read()
            feed.ready, feed.problem = True, None
        except HistoryUnavailableError as error:
            if feed.problem is None:
                _log.warning("Live updates could not read the history: %s", error)
            feed.problem = _UNAVAILABLE
        except Exception:
            _log.exception("Live updates could not read the history")
            feed.problem = _UNAVAILABLE
        finally:
            self._readings.pop(feed, None)
        if before != (feed.ready, feed.problem):
            self._on_ready(feed)

    def _weight(self) -> int:
        return sum(feed.weight for feed in self)

    def _made(self, subject: Subject) -> Feed:
        if subject.topic is Topic.TASKS:
            return TasksFeed(self._sources, subject.task_filter, subject.limit)
        if subject.topic is Topic.TASK:
            return TaskFeed(self._sources, subject.key)
        return _SIMPLE[subject.topic](self._sources)
