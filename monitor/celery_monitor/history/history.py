"""The history: the one object that the other packages use."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec

from celery_health.threads import run_in_thread
from celery_monitor.history.database.address import parse_address
from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.filelock import FileLock
from celery_monitor.history.database.session import Session
from celery_monitor.history.errors import HistoryError
from celery_monitor.history.filters import TaskFilter
from celery_monitor.history.filters.matching import Folding, Matcher, StoredTask, matcher
from celery_monitor.history.migrations.upgrade import upgrade
from celery_monitor.history.reading import cursor as cursors
from celery_monitor.history.reading.details import Details
from celery_monitor.history.reading.failures import Failures
from celery_monitor.history.reading.listing import Listing, conditions_of
from celery_monitor.history.reading.onset import Onsets
from celery_monitor.history.reading.rollups import Rollups
from celery_monitor.history.reading.samples import queue_series, values_of, worker_series
from celery_monitor.history.reading.tasks import tasks_by_id, tasks_of
from celery_monitor.history.reading.texts import folding_of
from celery_monitor.history.reading.unfinished import Unfinished
from celery_monitor.history.requests.alerts import Alerts
from celery_monitor.history.requests.bulks import Bulks
from celery_monitor.history.requests.cancels import Cancels
from celery_monitor.history.requests.leases import Leases
from celery_monitor.history.requests.retries import Retries
from celery_monitor.history.requests.transaction import changing
from celery_monitor.history.retention import Retention
from celery_monitor.history.views import (
    AuditEntry,
    Count,
    FailureView,
    HistoryStatus,
    NameView,
    OverviewView,
    Page,
    SeriesPoint,
    Sort,
    TaskView,
    Window,
)
from celery_monitor.history.writing.samples import read_audit
from celery_monitor.history.writing.writer import Writer
from celery_monitor.records.samples import QueueSample, WorkerSample
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.settings.groups import DEFAULT_RETENTION_DAYS, DEFAULT_RETENTION_TASKS, DEFAULT_SCHEMA

MOST_IN_PAGE = 1_000
_RETENTION_SECONDS = 60
_NEWEST_FIRST = Sort()


class HistoryOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the history.

    ``schema``: on PostgreSQL. ``keep_days`` and ``keep_tasks``: older tasks, and the oldest above this
    number, are deleted; None keeps them. ``most_buffered``: how many tasks may wait in memory to be written.
    """

    schema: str = DEFAULT_SCHEMA
    keep_days: float | None = DEFAULT_RETENTION_DAYS
    keep_tasks: int | None = DEFAULT_RETENTION_TASKS
    most_buffered: int = 20_000


class History:
    """The history in one database. Nothing is read or written before ``connect``.

    Reading raises HistoryUnavailableError while the database does not answer. Writing never does: what
    cannot be written waits in memory, and ``status`` says so.
    """

    def __init__(
        self, url: str, options: HistoryOptions | None = None, clock: Callable[[], float] = time.time
    ):
        """Lock the file, on SQLite. Raises HistoryError, which says what to do."""
        options = options or HistoryOptions()
        address = parse_address(url, options.schema)
        self._lock = FileLock(address.file) if address.file else None
        self._database = Database(address)
        self._database.away = f"The database {address.shown} has not answered yet"
        self._writer = Writer(self._database, options.most_buffered, clock)
        self._retention = Retention(self._database, options.keep_days, options.keep_tasks, clock)
        self._clock = clock
        self._folding: Folding | None = None
        self.cancels = Cancels(self._database)
        self.leases = Leases(self._database)
        self.retries = Retries(self._database)
        self.bulks = Bulks(self._database)
        self.alerts = Alerts(self._database)
        self._details = Details(self._database, self._writer.waiting, self.cancels, self.retries)
        self.unfinished = Unfinished(self._database)
        self.onsets = Onsets(self._database)

    @classmethod
    async def open(
        cls, url: str, options: HistoryOptions | None = None, clock: Callable[[], float] = time.time
    ) -> "History":
        """A connected history. Raises HistoryError, which says what to do."""
        history = cls(url, options, clock)
        try:
            await history.connect()
        except BaseException:
            await history.close()
            raise
        return history

    @property
    def is_file(self) -> bool:
        """Whether the history is a file of this machine."""
        return self._database.is_sqlite

    async def connect(self) -> None:
        """Create or upgrade the tables, and begin to write.

        Raises HistoryUnavailableError where the database does not answer, else HistoryError, with what to do.
        """
        try:
            notes = await run_in_thread(lambda: upgrade(self._database.address), None)
        except HistoryError as error:
            self._database.away = str(error)
            raise
        self._writer.notes = tuple(notes)
        self._database.away = None

    async def close(self) -> None:
        """Write what waits, if the database answers, and close the connections."""
        try:
            await self._writer.write()
        finally:
            await self._database.close()
            if self._lock is not None:
                self._lock.release()

    async def delete_old(self) -> int:
        """Delete what is older than the options keep; the number of tasks deleted so far.

        All but tasks is deleted once an hour.
        """
        await self._retention.pass_once()
        return self._retention.deleted

    async def keep_deleting(self) -> None:
        """Delete what is old each minute, for ever. Until ``connect`` has ended, nothing happens."""
        while True:
            await asyncio.sleep(_RETENTION_SECONDS)
            if self._database.away is None:
                await self._retention.pass_once()

    def changing(self) -> AbstractAsyncContextManager[Session]:
        """A transaction over several kinds of requests. Raises HistoryUnavailableError."""
        return changing(self._database)

    def take(
        self,
        changed: Sequence[TaskRecord],
        queues: Sequence[QueueSample] = (),
        workers: Sequence[WorkerSample] = (),
    ) -> None:
        """Have these wait until they are written. Of too many tasks, the oldest are dropped and counted."""
        self._writer.take(changed, queues, workers)

    async def write(self, changed: Sequence[TaskRecord] = ()) -> None:
        """Write these and all that waits. While another call writes, they wait for it."""
        self.take(changed)
        await self._writer.write()

    def follow(self, follower: Callable[[Sequence[StoredTask]], None] | None) -> None:
        """Call this with the tasks that were written, after each transaction. None ends it.

        A query that begins after the call finds everything that the call has shown.
        """
        self._writer.follower = follower

    async def matcher(self, task_filter: TaskFilter) -> Matcher:
        """The filter as a function that agrees with ``tasks`` on this database."""
        if self._folding is None:
            async with self._database.reading() as session:
                self._folding = await folding_of(self._database, session)
        return matcher(task_filter, self._folding)

    def status(self) -> HistoryStatus:
        """How writing goes."""
        return self._writer.status()

    async def task(self, identity: str) -> TaskRecord | None:
        """The task with its runs; None if the history does not have it.

        A change that waits to be written is part of it. While the database is away, it is all that is known.
        """
        return await self._details.task(identity)

    async def detail(self, identity: str) -> TaskView:
        """The same with its neighbours, its cancel and its retries, all read at one moment."""
        return await self._details.of(identity)

    async def tasks(
        self,
        task_filter: TaskFilter,
        sort: Sort = _NEWEST_FIRST,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[TaskRecord]:
        """A page of the tasks that meet the filter, without runs and tracebacks.

        ``cursor``: the ``next_cursor`` of the page before. Raises CursorError if it is of another list.
        """
        limit = max(1, min(MOST_IN_PAGE, limit))
        after = cursors.decode(cursor, task_filter, sort) if cursor is not None else None
        now = after.now if after is not None else self._clock()
        async with self._database.reading() as session:
            conditions = await conditions_of(self._database, session, task_filter, now)
            entries = await Listing(self._database, session, conditions, sort).page(after, limit + 1)
            records = await tasks_of(self._database, session, [entry.id for entry in entries[:limit]])
        if len(entries) <= limit:
            return Page(records, None)
        last = entries[limit - 1]
        position = cursors.Position(last.group, last.label, last.value, last.id, now)
        return Page(records, cursors.encode(position, task_filter, sort))

    async def tasks_by_id(self, identities: Sequence[str]) -> list[TaskRecord]:
        """The tasks with these ids, without runs and tracebacks. Those that the history lacks are missing."""
        async with self._database.reading() as session:
            return await tasks_by_id(self._database, session, identities)

    async def count(self, task_filter: TaskFilter, most: int = 10_000) -> Count:
        """How many tasks meet the filter, counted up to ``most``."""
        async with self._database.reading() as session:
            conditions = await conditions_of(self._database, session, task_filter, self._clock())
            return await Listing(self._database, session, conditions, _NEWEST_FIRST).count(most)

    async def names(self, window: Window) -> list[NameView]:
        """The task names of a window with their numbers, most finished runs first."""
        async with self._database.reading() as session:
            return await Rollups(self._database.prefix, session).names(window)

    async def failures(self, window: Window, limit: int = 200) -> list[FailureView]:
        """The failures of a window in groups, latest first."""
        async with self._database.reading() as session:
            return await Failures(self._database, session).groups(window, limit)

    async def overview(self, window: Window) -> OverviewView:
        """The window in numbers."""
        async with self._database.reading() as session:
            return await Rollups(self._database.prefix, session).overview(window)

    async def series(
        self,
        window: Window,
        *,
        name: str | None = None,
        queue: str | None = None,
        worker: str | None = None,
        points: int = 60,
    ) -> list[SeriesPoint]:
        """The window in steps of equal length, of all tasks or of one name, queue or worker."""
        async with self._database.reading() as session:
            return await Rollups(self._database.prefix, session).series(window, name, queue, worker, points)

    async def queue_series(self, queue: str, window: Window, points: int = 60) -> list[QueueSample]:
        """Samples of a queue, at most about ``points``, oldest first."""
        async with self._database.reading() as session:
            return await queue_series(self._database, session, queue, window, points)

    async def worker_series(self, worker: str, window: Window, points: int = 60) -> list[WorkerSample]:
        """Samples of a worker, at most about ``points``, oldest first."""
        async with self._database.reading() as session:
            return await worker_series(self._database, session, worker, window, points)

    async def values(self, field: str) -> list[str]:
        """The values of a field of the filter language that occur in the history, most frequent first."""
        async with self._database.reading() as session:
            return await values_of(self._database, session, field)

    async def stream(self, task_filter: TaskFilter, sort: Sort = _NEWEST_FIRST) -> AsyncIterator[TaskRecord]:
        """All tasks that meet the filter, without runs and tracebacks, in pages of bounded memory."""
        cursor = None
        while True:
            page = await self.tasks(task_filter, sort, cursor, MOST_IN_PAGE)
            for record in page.items:
                yield record
            if (cursor := page.next_cursor) is None:
                return

    async def audit_write(self, entry: AuditEntry) -> None:
        """Note a change, or a refused one."""
        self._writer.take((), audit=[entry])
        await self._writer.write()

    async def audit(self, window: Window, limit: int = 200) -> list[AuditEntry]:
        """Entries of the audit, newest first."""
        async with self._database.reading() as session:
            return await read_audit(self._database.prefix, session, window.since, window.until, limit)
