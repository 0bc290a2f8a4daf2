"""What a monitor reads when it starts: the tasks that had not ended, and what was known of their workers."""

from collections.abc import Iterable, Sequence

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.reading.samples import OF_WORKER, worker_sample
from celery_monitor.history.rows.labels import LabelKind, Labels
from celery_monitor.history.rows.runs import stored_runs
from celery_monitor.history.rows.tasks import COLUMNS, INDEX, RUNS_STORED, label_numbers, record_of
from celery_monitor.history.turns import in_turns
from celery_monitor.records.samples import WorkerSample
from celery_monitor.records.states import NOT_RUNNING, PENDING, RECEIVED, RETRY
from celery_monitor.records.tasks import TaskRecord

_TEXTS = frozenset({"args", "kwargs", "result", "exception", "traceback"})
_WITHOUT_TEXTS = ", ".join("NULL" if name in _TEXTS else name for name in COLUMNS)
# Their messages are in the broker, or a worker has received them and not started.
_WAITING = frozenset({PENDING, RECEIVED, RETRY})


class Unfinished:
    """Reads from one database. Every method raises HistoryUnavailableError while it does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tasks(self, most: int) -> list[TaskRecord]:
        """The latest tasks that have not ended, with their runs and without long texts, at most ``most``.

        Those that were running come first: only of these a worker that is gone takes something with it.
        """
        async with self._database.reading() as session:
            return await self._tasks(session, most)

    async def last_samples(self, workers: Iterable[str]) -> dict[str, WorkerSample]:
        """The last sample of each of these workers that has one."""
        found = {}
        async with self._database.reading() as session:
            for worker in workers:
                rows = await session.rows(
                    f"SELECT {OF_WORKER} FROM {self._database.prefix}worker_samples WHERE worker = ? "
                    "ORDER BY at DESC LIMIT 1",
                    [worker],
                )
                if rows:
                    found[worker] = worker_sample(worker, rows[0])
        return found

    async def _tasks(self, session: Session, most: int) -> list[TaskRecord]:
        states = await session.rows(
            f"SELECT id, text FROM {self._database.prefix}labels WHERE kind = ?", [int(LabelKind.STATE)]
        )
        waiting = [number for number, state in states if state in _WAITING]
        running = [number for number, state in states if state not in NOT_RUNNING]
        table = f"{self._database.prefix}job_executions"
        ids: list[int] = []
        for number in (*running, *waiting):
            rows = await session.rows(
                f"SELECT id FROM {table} WHERE state_id = ? ORDER BY at DESC LIMIT {most - len(ids)}",
                [number],
            )
            ids += [row[0] for row in rows]
        labels = Labels(self._database.prefix)
        found: list[TaskRecord] = []
        async for part in in_turns(ids):
            found += await self._records(session, labels, part)
        return found

    async def _records(self, session: Session, labels: Labels, ids: Sequence[int]) -> list[TaskRecord]:
        """The records of these rows, in this order."""
        prefix = self._database.prefix
        rows = await session.rows_of(
            f"SELECT {_WITHOUT_TEXTS}, id FROM {prefix}job_executions WHERE id IN ids", ids
        )
        await labels.load(session, label_numbers(rows))
        runs = await stored_runs(
            prefix, session, [row[0] for row in rows if row[INDEX["flags"]] & RUNS_STORED]
        )
        found = {row[-1]: record_of(row, labels.text, runs.get(row[0], [])) for row in rows}
        return [found[number] for number in ids if number in found]
