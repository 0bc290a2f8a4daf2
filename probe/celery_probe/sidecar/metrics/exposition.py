"""The numbers of one process a pod, which therefore have no labels, as families of Prometheus."""

from collections.abc import Iterable, Iterator

from celery_health.exposition import Family
from celery_health.exposition import Sample as Series

Value = float | int | bool | None

Sample = tuple[str, str, str, Value]
"""Name, kind, meaning and value."""


def families(samples: Iterable[Sample]) -> Iterator[Family]:
    """A family for each sample. A number that is not known is left out, never shown as 0."""
    for name, kind, meaning, value in samples:
        if value is not None:
            suffix = "_total" if kind == "counter" else ""
            yield Family(name.removesuffix(suffix), kind, meaning, (Series(value, suffix=suffix),))
