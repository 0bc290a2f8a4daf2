"""Counts task events by name, worker and queue. It runs for each event, so it is plain dictionaries."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from enum import Enum

from celery_monitor.metrics.labels import MAX_VALUE, OTHER, UNKNOWN, Labels

MAX_SERIES = 2_000
"""Of one metric. A histogram has one line for each bucket of a series."""
BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0,
)  # fmt: skip
"""Seconds. Those up to 10 are celery-exporter's."""
_EXCEPTION = re.compile(r"[\w.]+")

Key = tuple[str, ...]


class Kind(Enum):
    """What became of a task. The value is part of the name of its metric."""

    SENT = "sent"
    RECEIVED = "received"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRIED = "retried"
    REVOKED = "revoked"
    REJECTED = "rejected"

    # Members are keys of a dictionary for each event: Enum's own hash is a call of Python code.
    __hash__ = object.__hash__


class Histogram:
    """Observations by labels: the number in each bucket, the last one for all above, and their sum."""

    def __init__(self) -> None:
        self.cells: dict[Key, list[float]] = {}
        self.sums: dict[Key, float] = {}

    def observe(self, key: Key, seconds: float) -> None:
        """Add one observation."""
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = [0] * (len(BUCKETS) + 1)
            self.sums[key] = 0.0
        cell[bisect_left(BUCKETS, seconds)] += 1
        self.sums[key] += seconds

    def forget(self, keys: Iterable[Key]) -> None:
        """Drop series."""
        for key in keys:
            self.cells.pop(key, None)
            self.sums.pop(key, None)


class TaskCounts:
    """``overflow``: events counted under ``other`` because their series had no room."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.counts: dict[Kind, dict[Key, int]] = {kind: {} for kind in Kind if kind is not Kind.FAILED}
        self.failures: dict[Key, int] = {}
        self.runtime = Histogram()
        self.wait = Histogram()
        self.run_twice: dict[Key, int] = {}
        self.lost: dict[Key, int] = {}
        self.overflow = 0
        self._noted: dict[tuple[str, bool], None] = {}

    def count(self, kind: Kind, name: str | None, worker: str, queue: str | None) -> None:
        """Count one event of a task. Failures are counted by ``failed``."""
        if kind is Kind.FAILED:
            return
        counts = self.counts[kind]
        key = self._key(name, worker, queue)
        try:
            counts[key] += 1
        except KeyError:
            if len(counts) >= MAX_SERIES:
                key = self._other(3)
            counts[key] = counts.get(key, 0) + 1

    def failed(self, name: str | None, worker: str, queue: str | None, exception: str | None) -> None:
        """Count a failure by the class of its exception."""
        found = _EXCEPTION.match(exception or "")
        key = (*self._key(name, worker, queue), found[0][:MAX_VALUE] if found else UNKNOWN)
        if key not in self.failures and len(self.failures) >= MAX_SERIES:
            key = self._other(4)
        self.failures[key] = self.failures.get(key, 0) + 1

    def ran(self, name: str | None, worker: str, queue: str | None, seconds: float) -> None:
        """A task succeeded after this runtime."""
        self._observe(self.runtime, self._key(name, worker, queue), seconds)

    def waited(self, name: str | None, worker: str, queue: str | None, seconds: float) -> None:
        """A task started this long after it was sent."""
        self._observe(self.wait, self._key(name, worker, queue), max(0.0, seconds))

    def note(self, task_id: str, name: str | None, *, run_twice: bool) -> None:
        """Count a task that was run twice, or that was lost with its worker: each task once."""
        mark = (task_id, run_twice)
        if mark in self._noted:
            return
        self._noted[mark] = None
        if len(self._noted) > 10 * MAX_SERIES:
            del self._noted[next(iter(self._noted))]
        counts = self.run_twice if run_twice else self.lost
        key: Key = ((name or UNKNOWN)[:MAX_VALUE],)
        if key not in counts and len(counts) >= MAX_SERIES:
            key = self._other(1)
        counts[key] = counts.get(key, 0) + 1

    def forget_host(self, host: str) -> None:
        """Drop the series of a worker that has been gone for long, as celery-exporter does."""
        for counts in (*self.counts.values(), self.failures):
            for key in _of_host(counts, host):
                del counts[key]
        for histogram in (self.runtime, self.wait):
            histogram.forget(_of_host(histogram.cells, host))

    def _key(self, name: str | None, worker: str, queue: str | None) -> Key:
        host, only_queue = self.labels.of_worker(worker)
        # A queue that no source names is unknown, and never a guess.
        return (name or UNKNOWN)[:MAX_VALUE], host, queue[:MAX_VALUE] if queue else only_queue

    def _observe(self, histogram: Histogram, key: Key, seconds: float) -> None:
        if key not in histogram.cells and len(histogram.cells) >= MAX_SERIES:
            key = self._other(3)
        histogram.observe(key, seconds)

    def _other(self, length: int) -> Key:
        self.overflow += 1
        return (OTHER,) * length


def _of_host(series: Iterable[Key], host: str) -> list[Key]:
    return [key for key in series if key[1] == host]
