"""The task metrics of one or more workers as families of Prometheus, under the names of their prefix."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from celery_health.exposition import Family, Labels, Sample, TraceExemplar
from celery_health.wire.task_metrics import TaskDurations, TaskMetrics, TaskRuns

SUBJECT = "background_job"
"""Comes between the prefix and what is counted."""

STARTED = "Runs of tasks that began."
COMPLETED = "Runs of tasks that succeeded."
FAILED = "Runs of tasks that failed, by the name of the exception."
RETRIED = "Runs of tasks that ended with a retry, and messages that went back to their queue."
DURATION = "How long runs took that succeeded, in seconds."
FOLDED = 'Runs whose value of the label was counted under "other".'


def families(documents: Iterable[TaskMetrics]) -> tuple[Family, ...]:
    """The families of all documents, each once: the documents of several workers are added up.

    A histogram whose buckets differ from those of an earlier document is left out, and so is one whose bounds
    do not ascend.
    """
    by_prefix: dict[str, list[TaskMetrics]] = {}
    for document in documents:
        by_prefix.setdefault(document.prefix, []).append(document)
    return tuple(family for prefix, same in by_prefix.items() for family in _of_prefix(prefix, same))


def _of_prefix(prefix: str, documents: list[TaskMetrics]) -> Iterator[Family]:
    name = f"{prefix}_{SUBJECT}"
    runs = _added_runs(documents)
    errors = _added_errors(documents)
    yield _counter(f"{name}_started", STARTED, ((labels, row.started) for labels, row in runs.items()))
    yield _counter(f"{name}_completed", COMPLETED, ((labels, row.completed) for labels, row in runs.items()))
    yield _counter(f"{name}_failed", FAILED, errors.items())
    yield _counter(f"{name}_retried", RETRIED, ((labels, row.retried) for labels, row in runs.items()))
    yield Family(f"{name}_duration_seconds", "histogram", DURATION, tuple(_histograms(documents)))
    if any(document.label for document in documents):
        folded = sum(document.folded for document in documents)
        yield _counter(f"{name}_label_folded", FOLDED, [((), folded)])


def _counter(name: str, meaning: str, values: Iterable[tuple[Labels, int]]) -> Family:
    return Family(
        name, "counter", meaning, tuple(Sample(value, labels, "_total") for labels, value in values)
    )


def _labels(row: TaskRuns, label: str, *between: tuple[str, str]) -> Labels:
    """A label without a value is left out: to Prometheus both are the same."""
    own = ((label, row.value),) if label and row.value else ()
    return (("task_name", row.task), *between, *own)


def _added_runs(documents: list[TaskMetrics]) -> dict[Labels, TaskRuns]:
    added: dict[Labels, TaskRuns] = {}
    for document in documents:
        for row in document.runs:
            total = added.setdefault(_labels(row, document.label), TaskRuns(task=row.task))
            total.started += row.started
            total.completed += row.completed
            total.retried += row.retried
    return added


def _added_errors(documents: list[TaskMetrics]) -> dict[Labels, int]:
    added: dict[Labels, int] = {}
    for document in documents:
        for row in document.runs:
            for error, count in row.failed.items():
                labels = _labels(row, document.label, ("error_type", error))
                added[labels] = added.get(labels, 0) + count
    return added


def _histograms(documents: list[TaskMetrics]) -> Iterator[Sample]:
    added: dict[str, tuple[tuple[float, ...], TaskDurations]] = {}
    for document in documents:
        if list(document.bounds) != sorted(set(document.bounds)):
            continue
        for one in document.durations:
            if len(one.counts) != len(document.bounds) + 1:
                continue
            bounds, total = added.setdefault(one.task, (document.bounds, _none_of(one)))
            if bounds == document.bounds:
                _add(total, one)
    for bounds, total in added.values():
        yield from _histogram(bounds, total)


def _none_of(one: TaskDurations) -> TaskDurations:
    return TaskDurations(task=one.task, counts=[0] * len(one.counts), exemplars={})


def _add(total: TaskDurations, one: TaskDurations) -> None:
    total.counts = [before + more for before, more in zip(total.counts, one.counts, strict=True)]
    total.sum += one.sum
    for position, exemplar in one.exemplars.items():
        before = total.exemplars.get(position)
        if before is None or before.at < exemplar.at:
            total.exemplars[position] = exemplar


def _histogram(bounds: tuple[float, ...], total: TaskDurations) -> Iterator[Sample]:
    task = ("task_name", total.task)
    upper = [*map(repr, bounds), "+Inf"]
    for position, (bound, count) in enumerate(zip(upper, accumulate(total.counts), strict=True)):
        seen = total.exemplars.get(position)
        exemplar = None if seen is None else TraceExemplar(seen.trace_id, seen.seconds, seen.at)
        yield Sample(count, (task, ("le", bound)), "_bucket", exemplar)
    yield Sample(total.sum, (task,), "_sum")
    yield Sample(sum(total.counts), (task,), "_count")
