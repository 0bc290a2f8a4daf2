"""What a task adds to the counts of the minutes. Pure.

The rollups are the sum of what all stored tasks add. A change of a task takes away what the task added
before and adds what it adds now, so each finished run is counted once, however often it is written.
"""

import math
from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

from celery_monitor.history.rollups.histogram import Histogram, bucket
from celery_monitor.history.rows.clean import time
from celery_monitor.history.rows.tasks import begin, wait_of
from celery_monitor.records import states
from celery_monitor.records.tasks import Run, TaskRecord

COUNTS = ("received", "succeeded", "failed", "retried", "revoked", "rejected", "lost", "other")
_RECEIVED = COUNTS.index("received")
_OTHER = COUNTS.index("other")
_COUNT_OF = MappingProxyType(
    {
        states.SUCCESS: COUNTS.index("succeeded"),
        states.FAILURE: COUNTS.index("failed"),
        states.RETRY: COUNTS.index("retried"),
        states.REVOKED: COUNTS.index("revoked"),
        states.REJECTED: COUNTS.index("rejected"),
        states.LOST: COUNTS.index("lost"),
    }
)

Key = tuple[int, str | None, str | None, str | None]
"""The minute as Unix time, the task's name, its queue, the worker."""


class Sums:
    """Counts and histograms of one key. They may be negative while they are differences."""

    __slots__ = ("counts", "runtime", "wait")

    def __init__(self) -> None:
        self.counts = [0] * len(COUNTS)
        self.runtime: Histogram = {}
        self.wait: Histogram = {}

    def __bool__(self) -> bool:
        return any(self.counts) or any(self.runtime.values()) or any(self.wait.values())


class _Part(NamedTuple):
    at: float
    worker: str | None
    counted: int
    runtime: float | None = None
    wait: float | None = None


def contribute(
    sums: dict[Key, Sums], record: TaskRecord, sign: int, *, receipt: bool = True, after: float = -math.inf
) -> None:
    """Add what the task contributes (``sign`` 1), or take it away (-1).

    ``receipt`` False: without its receipt. ``after``: without the runs that ended at this time or before.
    """
    for part in _parts(record):
        if part.counted == _RECEIVED:
            if not receipt:
                continue
        elif part.at <= after:
            continue
        key = (int(part.at // 60) * 60, record.name, record.queue, part.worker)
        entry = sums.get(key)
        if entry is None:
            entry = sums[key] = Sums()
        entry.counts[part.counted] += sign
        if part.runtime is not None:
            number = bucket(part.runtime)
            entry.runtime[number] = entry.runtime.get(number, 0) + sign
        if part.wait is not None:
            number = bucket(part.wait)
            entry.wait[number] = entry.wait.get(number, 0) + sign


def _parts(record: TaskRecord) -> Iterator[_Part]:
    yield _Part(begin(record), None, _RECEIVED)
    for run in record.runs:
        if run.outcome is not None:
            at = time(run.finished) or time(record.state_time) or 0.0
            wait = _wait(record, run)
            yield _Part(at, run.worker, _COUNT_OF.get(run.outcome, _OTHER), time(run.runtime), wait)
    if not record.runs and record.state in states.FINAL_STATES:
        # Revoked before a worker ran it, or the events of its run are missing.
        at = time(record.finished) or time(record.state_time) or 0.0
        yield _Part(at, record.worker, _COUNT_OF[record.state], time(record.runtime))


def _wait(record: TaskRecord, run: Run) -> float | None:
    received, started = time(run.received), time(run.started)
    if run.number == 1:
        return wait_of(time(record.sent), received, started, time(record.eta))
    return wait_of(None, received, started, None)
