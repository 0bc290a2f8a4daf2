"""How counts are added up: of all tasks, by name, by queue, by worker; by minute and by hour. Pure."""

from collections.abc import Callable, Mapping

from celery_monitor.history.rollups.contributions import Key, Sums
from celery_monitor.history.rollups.histogram import add
from celery_monitor.history.rows.labels import LabelKind

ALL, BY_NAME, BY_QUEUE, BY_WORKER, BY_EACH = range(5)
MINUTE, HOUR = 60, 3600
EACH_DAYS = 2
"""How long rows that have name, queue and worker apart are kept. There may be one for each combination."""

RowKey = tuple[int, int, int, int, int, int]
"""Level, length in seconds, name, queue, worker (0 where the level does not separate them), time."""


def rows_of(sums: Mapping[Key, Sums], label: Callable[[int, str | None], int | None]) -> dict[RowKey, Sums]:
    """The rows that these sums are added to."""
    rows: dict[RowKey, Sums] = {}
    for (minute, name, queue, worker), entry in sums.items():
        if not entry:
            continue
        name_id = label(LabelKind.NAME, name) or 0
        queue_id = label(LabelKind.QUEUE, queue) or 0
        worker_id = label(LabelKind.WORKER, worker) or 0
        _add(rows, (BY_EACH, MINUTE, name_id, queue_id, worker_id, minute), entry)
        _add(rows, (BY_NAME, MINUTE, name_id, 0, 0, minute), entry)
        _add(rows, (BY_QUEUE, MINUTE, 0, queue_id, 0, minute), entry)
        _add(rows, (BY_WORKER, MINUTE, 0, 0, worker_id, minute), entry)
    # The sums of names are few, and have all tasks: the other rows are made from them.
    for (level, _, name_id, queue_id, worker_id, minute), entry in list(rows.items()):
        if level == BY_EACH:
            continue
        hour = minute // HOUR * HOUR
        _add(rows, (level, HOUR, name_id, queue_id, worker_id, hour), entry)
        if level == BY_NAME:
            _add(rows, (ALL, MINUTE, 0, 0, 0, minute), entry)
            _add(rows, (ALL, HOUR, 0, 0, 0, hour), entry)
    return rows


def _add(rows: dict[RowKey, Sums], key: RowKey, entry: Sums) -> None:
    row = rows.get(key)
    if row is None:
        row = rows[key] = Sums()
    merge(row, entry)


def merge(sums: Sums, other: Sums) -> None:
    """Add the other's counts and histograms."""
    counts = sums.counts
    for place, count in enumerate(other.counts):
        if count:
            counts[place] += count
    if other.runtime:
        add(sums.runtime, other.runtime)
    if other.wait:
        add(sums.wait, other.wait)
