"""The writer: takes changed records, and gets them into the database as soon as it can.

While the database is away, the changes wait in memory. If too many wait, the oldest are dropped and counted.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

from celery_monitor.clocks import passed
from celery_monitor.history.database.connection import Database, cause
from celery_monitor.history.database.session import AwayError, DriverError, Session, needs_repeat
from celery_monitor.history.filters.matching import StoredTask
from celery_monitor.history.rows.labels import Labels
from celery_monitor.history.views import AuditEntry, HistoryStatus
from celery_monitor.history.writing.flush import Written, snapshot, write_tasks
from celery_monitor.history.writing.samples import write_audit, write_samples
from celery_monitor.history.writing.stored import stored_tasks
from celery_monitor.records.samples import QueueSample, WorkerSample
from celery_monitor.records.tasks import TaskRecord

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

# With more, the work on a batch blocks the event loop for longer than a request may wait.
_MOST_IN_BATCH = 2_000
_MOST_SAMPLES = 5_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0


class Writer:
    """Writes to one database. ``most_buffered``: how many tasks may wait."""

    def __init__(self, database: Database, most_buffered: int, clock: Callable[[], float]):
        self._database = database
        self._labels = Labels(database.prefix)
        self._clock = clock
        self.notes: tuple[str, ...] = ()
        """For ``status``."""
        self._most = most_buffered
        self._tasks: dict[str, TaskRecord] = {}
        self._taken: dict[str, TaskRecord] = {}
        self._since: float | None = None
        self._queues: list[QueueSample] = []
        self._workers: list[WorkerSample] = []
        self._audit: list[AuditEntry] = []
        self._dropped = 0
        self._faulty = 0
        self._last_write: float | None = None
        self._problem: str | None = None
        self._pause = 0.0
        self._failed_at = self._waits = 0.0
        self._lock = asyncio.Lock()
        self.follower: Callable[[Sequence[StoredTask]], None] | None = None
        """Gets the tasks of each transaction after it is committed. It must not raise."""

    def status(self) -> HistoryStatus:
        """How writing goes."""
        waiting = self._since is not None and bool(self._tasks)
        problem = self._database.away or self._problem
        return HistoryStatus(
            available=problem is None,
            buffered=len(self._tasks),
            dropped=self._dropped,
            faulty=self._faulty,
            lag_seconds=max(0.0, self._clock() - self._since) if waiting and self._since else 0.0,
            last_write=self._last_write,
            problem=problem,
            notes=self.notes,
        )

    def waiting(self, identity: str) -> TaskRecord | None:
        """The record of a task that is not written yet, or is being written."""
        return self._tasks.get(identity) or self._taken.get(identity)

    async def write(self) -> None:
        """Write all that waits, unless that is done already. Does not raise while the database is away."""
        if self._database.away is not None or self._lock.locked():
            return
        if not passed(self._failed_at, self._waits, self._clock()):
            return
        async with self._lock:
            while self._tasks or self._queues or self._workers or self._audit:
                if not await self._batch():
                    return

    def take(
        self,
        changed: Sequence[TaskRecord],
        queues: Sequence[QueueSample] = (),
        workers: Sequence[WorkerSample] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> None:
        """Have these changes wait until they are written."""
        if changed and not self._tasks:
            self._since = self._clock()
        for record in changed:
            self._tasks[record.id] = record
        self._make_room()
        for buffer, added in ((self._queues, queues), (self._workers, workers), (self._audit, audit)):
            buffer.extend(added)  # type: ignore[arg-type]
            del buffer[:-_MOST_SAMPLES]

    async def _batch(self) -> bool:
        """Write one batch. False if it has to be tried again later."""
        began = self._clock()
        ids = list(self._tasks)[:_MOST_IN_BATCH]
        taken = self._taken = {identity: self._tasks.pop(identity) for identity in ids}
        queues, workers, audit = self._queues[:], self._workers[:], self._audit[:]
        try:
            records = [snapshot(record) for record in taken.values()]
            await self._store(records, queues, workers, audit)
        except AwayError as error:
            # A task that changed again in between is in the buffer already, with all that is known of it.
            self._tasks = {**taken, **self._tasks}
            self._failed(error)
            return False
        except BaseException:
            self._tasks = {**taken, **self._tasks}
            raise
        finally:
            self._taken = {}
        _remove(self._queues, queues)
        _remove(self._workers, workers)
        _remove(self._audit, audit)
        if self._problem is not None:
            _log.info("The history is written again; %d tasks wait", len(self._tasks))
        self._problem, self._pause, self._last_write = None, 0.0, self._clock()
        self._since = began if self._tasks else None
        return True

    async def _store(
        self,
        records: Sequence[TaskRecord],
        queues: Sequence[QueueSample] = (),
        workers: Sequence[WorkerSample] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> None:
        """Write all in one transaction; what the database refuses is found and left out."""
        try:
            async with self._database.writing() as session:
                written = await self._into(session, records, queues, workers, audit)
        except DriverError as error:
            self._labels.undone()
            if needs_repeat(error) or (not records and not queues and not workers and not audit):
                raise
            await self._separate(records, queues, workers, audit, error)
        except BaseException:
            self._labels.undone()
            raise
        else:
            if self.follower is not None and written:
                self.follower(stored_tasks(written, self._labels))
            self._labels.committed()

    async def _into(
        self,
        session: Session,
        records: Sequence[TaskRecord],
        queues: Sequence[QueueSample],
        workers: Sequence[WorkerSample],
        audit: Sequence[AuditEntry],
    ) -> list[Written]:
        written = await write_tasks(self._database, session, self._labels, records) if records else []
        await write_samples(self._database.prefix, session, queues, workers)
        if audit:
            await write_audit(self._database.prefix, session, audit)
        return written

    async def _separate(
        self,
        records: Sequence[TaskRecord],
        queues: Sequence[QueueSample],
        workers: Sequence[WorkerSample],
        audit: Sequence[AuditEntry],
        error: BaseException,
    ) -> None:
        if len(records) + len(queues) + len(workers) + len(audit) == 1:
            self._faulty += 1
            kind = "the record of a task" if records else "an entry of the audit" if audit else "a sample"
            _log.warning("The database refused %s, which was left out: %s", kind, cause(error))
        elif queues or workers or audit:
            await self._store(records)
            for parts in (
                *(([sample], [], []) for sample in queues),
                *(([], [sample], []) for sample in workers),
                *(([], [], [entry]) for entry in audit),
            ):
                await self._store([], *parts)
        else:
            half = len(records) // 2
            await self._store(records[:half])
            await self._store(records[half:])

    def _failed(self, error: BaseException) -> None:
        self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._pause * 2))
        self._failed_at, self._waits = self._clock(), self._pause * random.uniform(0.8, 1.2)  # noqa: S311
        if self._problem is None:
            _log.warning("The history cannot be written now and waits in memory: %s", cause(error))
        self._problem = f"The database does not take changes: {cause(error)}"
        self._make_room()

    def _make_room(self) -> None:
        """Drop the oldest of too many changes."""
        # In one pass: each new iterator would have to skip all that was deleted before.
        for identity in list(islice(self._tasks, max(0, len(self._tasks) - self._most))):
            del self._tasks[identity]
            self._dropped += 1


def _remove(buffer: list[_T], written: Sequence[_T]) -> None:
    """Remove these entries. Meanwhile others may have come, for which the oldest were dropped."""
    known = set(map(id, written))
    buffer[:] = [entry for entry in buffer if id(entry) not in known]
