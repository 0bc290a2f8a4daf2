"""Samples of queues and workers, and the audit, into their tables."""

from collections.abc import Sequence

import msgspec

from celery_monitor.history.database.session import Session
from celery_monitor.history.rows.clean import MOST_LABEL_CHARACTERS, integer, text, time
from celery_monitor.history.views import AuditEntry
from celery_monitor.records.samples import QueueSample, WorkerSample

_QUEUE = "queue, at, ready, unacknowledged, consumers, by_priority, oldest_wait"
_WORKER = "worker, at, online, active, processed, missed, load, clock_skew"
_AUDIT = ("at", "identity", "role", "action", "subject", "outcome", "address", "detail")


async def write_samples(
    prefix: str, session: Session, queues: Sequence[QueueSample], workers: Sequence[WorkerSample]
) -> None:
    """Insert the samples. A second sample of one moment changes nothing."""
    if queues:
        await session.execute_many(
            f"INSERT INTO {prefix}queue_samples ({_QUEUE}) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [
                (
                    text(sample.name, MOST_LABEL_CHARACTERS),
                    time(sample.at) or 0.0,
                    integer(sample.ready, 64),
                    integer(sample.unacknowledged, 64),
                    integer(sample.consumers),
                    msgspec.json.encode(sample.by_priority).decode() if sample.by_priority else None,
                    time(sample.oldest_wait),
                )
                for sample in queues
            ],
        )
    if workers:
        await session.execute_many(
            f"INSERT INTO {prefix}worker_samples ({_WORKER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [
                (
                    text(sample.name, MOST_LABEL_CHARACTERS),
                    time(sample.at) or 0.0,
                    int(sample.online),
                    integer(sample.active),
                    integer(sample.processed, 64),
                    integer(sample.missed, 64) or 0,
                    time(sample.load),
                    time(sample.clock_skew) or 0.0,
                )
                for sample in workers
            ],
        )


async def write_audit(prefix: str, session: Session, entries: Sequence[AuditEntry]) -> None:
    """Insert entries of the audit."""
    await session.execute_many(
        f"INSERT INTO {prefix}audit ({', '.join(_AUDIT)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (time(entry.at) or 0.0, *(text(getattr(entry, name), 1_000) for name in _AUDIT[1:]))
            for entry in entries
        ],
    )


async def read_audit(
    prefix: str, session: Session, since: float, until: float, limit: int
) -> list[AuditEntry]:
    """Entries from ``since`` until before ``until``, newest first."""
    rows = await session.rows(
        f"SELECT {', '.join(_AUDIT)} FROM {prefix}audit WHERE at >= ? AND at < ? "
        f"ORDER BY at DESC, id DESC LIMIT {limit}",
        [since, until],
    )
    return [AuditEntry(**dict(zip(_AUDIT, row, strict=True))) for row in rows]
