"""Metrics in Prometheus's text format, line by line.

prometheus_client makes the text of a scrape in one step. With thousands of series that takes so long that
nothing else happens meanwhile, so the lines are made here, and the caller may pause between any two.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from celery_monitor.metrics.task_counts import BUCKETS, Histogram, Key

_BOUNDS = (*map(str, BUCKETS), "+Inf")


class Kind(StrEnum):
    """The type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


def metric(
    kind: Kind, name: str, help_text: str, labels: Sequence[str], values: Mapping[Key, float | None]
) -> Iterator[str]:
    """A counter or gauge with its series. A value of None has no series."""
    yield _head(kind, name, help_text)
    # The series may change between two lines.
    for key, value in list(values.items()):
        if value is not None:
            pairs = _pairs(labels, key)
            yield f"{name}{{{pairs}}} {float(value)}\n" if pairs else f"{name} {float(value)}\n"


def histogram(name: str, help_text: str, labels: Sequence[str], observed: Histogram) -> Iterator[str]:
    """A histogram, each line of text with all of one series."""
    yield _head(Kind.HISTOGRAM, name, help_text)
    for key in list(observed.cells):
        cell = observed.cells.get(key)
        if cell is None:
            continue
        pairs, total = _pairs(labels, key), 0.0
        begin = f'{name}_bucket{{{pairs},le="'
        lines = []
        for bound, count in zip(_BOUNDS, cell, strict=True):
            total += count
            lines.append(f'{begin}{bound}"}} {total}\n')
        lines.append(f"{name}_count{{{pairs}}} {total}\n{name}_sum{{{pairs}}} {float(observed.sums[key])}\n")
        yield "".join(lines)


def _head(kind: Kind, name: str, help_text: str) -> str:
    return f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n"


def _pairs(labels: Sequence[str], key: Key) -> str:
    return ",".join([f'{label}="{_escaped(value)}"' for label, value in zip(labels, key, strict=True)])


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
