"""Series of samples of queues and workers, and the values that a field has."""

from collections.abc import Sequence
from typing import Any

import msgspec

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.rows.labels import FIELD_KINDS
from celery_monitor.history.views import Window
from celery_monitor.records.samples import QueueSample, WorkerSample

_MOST_VALUES = 500
OF_WORKER = "at, online, active, processed, missed, load, clock_skew"


async def queue_series(
    database: Database, session: Session, queue: str, window: Window, points: int
) -> list[QueueSample]:
    """The last sample of each of ``points`` parts of the window that has one."""
    columns = "at, ready, unacknowledged, consumers, by_priority, oldest_wait"
    rows = await _last_of_each((database, session), ("queue", queue), columns, window, points)
    return [
        QueueSample(
            at=row[0],
            name=queue,
            ready=row[1],
            unacknowledged=row[2],
            consumers=row[3],
            by_priority=msgspec.json.decode(row[4], type=dict[int, int]) if row[4] else {},
            oldest_wait=row[5],
        )
        for row in rows
    ]


async def worker_series(
    database: Database, session: Session, worker: str, window: Window, points: int
) -> list[WorkerSample]:
    """The last sample of each of ``points`` parts of the window that has one."""
    rows = await _last_of_each((database, session), ("worker", worker), OF_WORKER, window, points)
    return [worker_sample(worker, row) for row in rows]


def worker_sample(worker: str, row: Sequence[Any]) -> WorkerSample:
    """The sample of a row of ``OF_WORKER``."""
    return WorkerSample(
        at=row[0],
        name=worker,
        online=bool(row[1]),
        active=row[2],
        processed=row[3],
        missed=row[4],
        load=row[5],
        clock_skew=row[6],
    )


async def _last_of_each(
    source: tuple[Database, Session], named: tuple[str, str], columns: str, window: Window, points: int
) -> list[tuple[Any, ...]]:
    (database, session), (kind, name) = source, named
    step = max(0.001, (window.until - window.since) / max(1, min(1_000, points)))
    part = "CAST((at - ?) / ? AS INTEGER)" if database.is_sqlite else "floor((at - ?) / ?)"
    condition = f"{kind} = ? AND at >= ? AND at < ?"
    return await session.rows(
        f"SELECT {columns} FROM {database.prefix}{kind}_samples WHERE {kind} = ? AND at IN (SELECT max(at) "
        f"FROM {database.prefix}{kind}_samples WHERE {condition} GROUP BY {part}) ORDER BY at",
        [name, name, window.since, window.until, window.since, step],
    )


async def values_of(database: Database, session: Session, field: str) -> list[str]:
    """The values of a field of the filter language, most frequent first. Empty for a field without."""
    kind = FIELD_KINDS.get(field)
    if kind is None:
        return []
    rows = await session.rows(
        f"SELECT text FROM {database.prefix}labels WHERE kind = ? AND tasks > 0 "
        f"ORDER BY tasks DESC, id LIMIT {_MOST_VALUES}",
        [int(kind)],
    )
    found = [str(row[0]).partition("\n")[0] for row in rows]
    if field == "state":
        found = [text.lower() for text in found]
    return list(dict.fromkeys(text for text in found if text))
