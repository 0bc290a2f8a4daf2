"""The counters of this process: each has a bound, and what exceeds it is counted under ``other``."""

import time
from threading import Lock

import msgspec

from celery_health.metrics.options import Options
from celery_health.wire.limits import LARGEST_COUNT
from celery_health.wire.task_metrics import (
    MOST_ERRORS,
    MOST_EXEMPLARS,
    MOST_PAIRS,
    MOST_TASKS,
    OTHER,
    TEXT_LENGTH,
    VALUE_LENGTH,
    Exemplar,
    TaskDurations,
    TaskMetrics,
    TaskRuns,
)


class Recorder:
    """Counts runs. Pools of threads call it from many threads; pool children never do.

    ``changed`` is True once something was counted. Only the writer of the file sets it to False.
    """

    def __init__(self, options: Options) -> None:
        # Of `threading`, so that it is cooperative where gevent or eventlet have patched it.
        self._lock = Lock()
        self.changed = False
        self._begin(options, TaskMetrics(prefix=options.prefix, label=options.label, bounds=options.buckets))

    def _begin(self, options: Options, document: TaskMetrics) -> None:
        self._options = options
        self._document = document
        self._runs = {(row.task, row.value): row for row in document.runs}
        self._durations = {row.task: row for row in document.durations}
        self._tasks = {row.task for row in document.runs} - {OTHER}
        self._values = {row.value for row in document.runs} - {OTHER, ""}
        self._errors = {error for row in document.runs for error in row.failed} - {OTHER}
        self._triples = sum(len(row.failed) - (OTHER in row.failed) for row in document.runs)
        self._exemplars = sum(len(row.exemplars) for row in document.durations)

    def use(self, options: Options) -> None:
        """Count by these options from now on, from zero unless they are the same. Call it before any task."""
        with self._lock:
            if options != self._options:
                fresh = TaskMetrics(prefix=options.prefix, label=options.label, bounds=options.buckets)
                self._begin(options, fresh)

    def go_on_from(self, document: TaskMetrics) -> bool:
        """Count on from the numbers of the worker before; False if its options were others.

        Call it before any task.
        """
        mine = self._options
        if (document.prefix, document.label, document.bounds) != (mine.prefix, mine.label, mine.buckets):
            return False
        with self._lock:
            self._begin(mine, document)
            self.changed = True
        return True

    def started(self, task: str, value: str) -> TaskRuns:
        """Count the start of a run. Its end is counted on the row that this returns."""
        with self._lock:
            row = self._runs.get((task, value)) or self._row(task, value)
            row.started += 1
            self.changed = True
            return row

    def completed(self, row: TaskRuns, seconds: float, trace_id: str = "") -> None:
        """Count a run that succeeded after ``seconds``; ``trace_id`` becomes an exemplar."""
        with self._lock:
            row.completed += 1
            durations = self._durations.get(row.task) or self._new_durations(row.task)
            position = self._bucket(seconds)
            durations.counts[position] += 1
            durations.sum = min(durations.sum + max(seconds, 0.0), float(LARGEST_COUNT))
            if trace_id and self._has_room(durations, position):
                durations.exemplars[position] = Exemplar(
                    trace_id=trace_id, seconds=max(seconds, 0.0), at=time.time()
                )
            self.changed = True

    def retried(self, row: TaskRuns) -> None:
        """Count a run that ends with a retry."""
        with self._lock:
            row.retried += 1
            self.changed = True

    def failed(self, row: TaskRuns, error: str) -> None:
        """Count a run that failed. ``error`` is the name of the exception."""
        with self._lock:
            error = self._error(row, error)
            row.failed[error] = row.failed.get(error, 0) + 1
            self.changed = True

    def encode(self) -> bytes:
        """The document of this moment, as JSON."""
        with self._lock:
            return msgspec.json.encode(self._document)

    def _row(self, task: str, value: str) -> TaskRuns:
        """The row of a pair that is perhaps new; a name or value beyond its bound becomes ``other``."""
        task, value = _bounded(task, TEXT_LENGTH), _bounded(value, VALUE_LENGTH)
        if task not in self._tasks and len(self._tasks) >= MOST_TASKS:
            task = OTHER
        if value and self._is_beyond(task, value):
            self._document.folded += 1
            value = OTHER
        row = self._runs.get((task, value))
        if row is None:
            row = self._runs[task, value] = TaskRuns(task=task, value=value, failed={})
            self._document.runs.append(row)
            if task != OTHER:
                self._tasks.add(task)
            if value not in ("", OTHER):
                self._values.add(value)
        return row

    def _is_beyond(self, task: str, value: str) -> bool:
        if (task, value) in self._runs:
            return False
        new = value not in self._values and len(self._values) >= self._options.values
        return new or len(self._runs) >= MOST_PAIRS

    def _error(self, row: TaskRuns, error: str) -> str:
        error = _bounded(error, VALUE_LENGTH)
        if error in row.failed:
            return error
        new = error not in self._errors and len(self._errors) >= MOST_ERRORS
        if new or self._triples >= MOST_PAIRS:
            return OTHER
        self._errors.add(error)
        self._triples += 1
        return error

    def _new_durations(self, task: str) -> TaskDurations:
        row = TaskDurations(task=task, counts=[0] * (len(self._options.buckets) + 1), exemplars={})
        self._durations[task] = row
        self._document.durations.append(row)
        return row

    def _has_room(self, durations: TaskDurations, position: int) -> bool:
        """Whether an exemplar may be kept there: it replaces one, or there are not too many."""
        if position not in durations.exemplars:
            if self._exemplars >= MOST_EXEMPLARS:
                return False
            self._exemplars += 1
        return True

    def _bucket(self, seconds: float) -> int:
        for position, bound in enumerate(self._options.buckets):
            if seconds <= bound:
                return position
        return len(self._options.buckets)


def _bounded(text: str, length: int) -> str:
    """The text in ``length`` bytes of UTF-8. What UTF-8 cannot express, and control characters, are ``?``."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else "?" for character in text[:length])
    return text[:length].encode()[:length].decode(errors="ignore")
