"""Feeds of tasks: the newest ones of a filter, and one task with its runs."""

from collections.abc import Callable, Sequence

from celery_monitor.history import TaskFilter
from celery_monitor.history.filters.matching import Matcher, depends_on_time
from celery_monitor.web.documents import task_detail
from celery_monitor.web.updates.feeds.feed import Feed, Sources
from celery_monitor.web.updates.feeds.stored import Stored, task_document, task_key
from celery_monitor.web.updates.feeds.window import Change, Row, Window

RESERVE = 100
"""How many older tasks wait to come into a list when a task leaves it."""
SHORTEST_PAUSE = 2.0
TIMED_PAUSE = 5.0
"""A filter with a time span before now changes by itself."""
LONGEST_PAUSE = 60.0
"""The history deletes old tasks, and other monitors may write to it."""
TASK_PAUSE = 1.0
TASK_LONGEST_PAUSE = 5.0
"""A cancel or a retry changes the document although nothing is stored of the task."""


class TasksFeed(Feed):
    """The newest ``limit`` tasks of a filter."""

    def __init__(self, sources: Sources, task_filter: TaskFilter, limit: int) -> None:
        super().__init__(sources)
        self._filter = task_filter
        self._limit = limit
        self.weight = limit + RESERVE
        self._longest = TIMED_PAUSE if depends_on_time(task_filter) else LONGEST_PAUSE
        self._matches: Matcher | None = None
        self._window: Window | None = None
        # Tasks that are stored while a query runs: its result may lack them.
        self._arrived: dict[bytes, Stored] | None = None

    @property
    def pause(self) -> float:
        """Short when the reserve is used up."""
        return SHORTEST_PAUSE if self._window is None or self._window.is_short else self._longest

    async def read(self) -> None:
        """Read the list from the history."""
        self._arrived = {}
        try:
            self._matches = await self.sources.history.matcher(self._filter)
            most = self._limit + RESERVE
            page = await self.sources.history.tasks(self._filter, limit=most)
            rows = [
                Row(record.at or 0.0, task_key(record.id), task_document(record)) for record in page.items
            ]
            window = Window(self._limit, RESERVE, rows, complete=page.next_cursor is None)
            window.apply(self._changes(tuple(self._arrived.values()), self._matches))
        finally:
            self._arrived = None
        self._window = window
        self.documents.replace(window.documents())

    def take(self, stored: Sequence[Stored]) -> None:
        """Bring the list up to date."""
        if self._arrived is not None:
            self._arrived.update({one.key: one for one in stored})
        if (
            self._window is not None
            and self._matches is not None
            and self._window.apply(self._changes(stored, self._matches))
        ):
            self.documents.replace(self._window.documents())

    def _changes(self, stored: Sequence[Stored], matches: Matcher) -> list[Change]:
        now = self.sources.clock()
        return [
            Change(one.task.record.at or 0.0, one.key, _belongs(matches, one, now), one.document)
            for one in stored
        ]


def _belongs(matches: Matcher, stored: Stored, now: float) -> Callable[[], bool]:
    return lambda: matches(stored.task, now)


class TaskFeed(Feed):
    """One task with its runs and neighbours, in one document; none while the task is unknown."""

    weight = 10

    def __init__(self, sources: Sources, identity: str) -> None:
        super().__init__(sources)
        self._identity = identity
        self._root = identity
        self._stale = True

    @property
    def pause(self) -> float:
        """Short after the task or a neighbour was stored."""
        return TASK_PAUSE if self._stale else TASK_LONGEST_PAUSE

    async def read(self) -> None:
        """Read the task."""
        self._stale = False
        try:
            detail = await task_detail(self.sources.history, self.sources.recent_task, self._identity)
        except BaseException:
            self._stale = True
            raise
        if detail is None:
            self.documents.replace({})
            return
        self._root = detail.root_id or detail.id
        self.documents.replace({task_key(detail.id): detail.model_dump_json().encode()})

    def take(self, stored: Sequence[Stored]) -> None:
        """Read again if a task of the same workflow was stored."""
        if not self._stale:
            self._stale = any(self._concerns(one) for one in stored)

    def _concerns(self, stored: Stored) -> bool:
        record = stored.task.record
        return record.id == self._identity or self._root in (record.id, record.root_id)
