"""Rollups in their table."""

from collections.abc import Mapping, Sequence
from typing import Any

from celery_monitor.history.database.session import Session
from celery_monitor.history.rollups.contributions import COUNTS, Sums
from celery_monitor.history.rollups.histogram import Histogram, decode, encode
from celery_monitor.history.rollups.levels import RowKey, merge

KEY_COLUMNS = ("level", "seconds", "name_id", "queue_id", "worker_id", "at")
VALUE_COLUMNS = (*COUNTS, "runtime", "wait")
_KEYS_PER_STATEMENT = 150
_EMPTY = encode({})


def sums_of(values: Sequence[Any]) -> Sums:
    """The sums of the values of VALUE_COLUMNS, or of COUNTS alone."""
    sums = Sums()
    sums.counts = list(values[: len(COUNTS)])
    if len(values) == len(COUNTS):
        return sums
    sums.runtime = decode(values[-2])
    sums.wait = decode(values[-1])
    return sums


async def add_to_rollups(prefix: str, session: Session, rows: Mapping[RowKey, Sums]) -> None:
    """Add these sums to the stored ones. The caller's transaction keeps other writers away."""
    keys = sorted(key for key, sums in rows.items() if sums)
    for start in range(0, len(keys), _KEYS_PER_STATEMENT):
        part = keys[start : start + _KEYS_PER_STATEMENT]
        for row in await _stored(prefix, session, part):
            merge(rows[row[:6]], sums_of(row[6:]))
    columns = (*KEY_COLUMNS, *VALUE_COLUMNS)
    assignments = ", ".join(f"{name} = excluded.{name}" for name in VALUE_COLUMNS)
    await session.execute_many(
        f"INSERT INTO {prefix}task_rollups ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT ({', '.join(KEY_COLUMNS)}) DO UPDATE SET {assignments}",
        [_row(key, rows[key]) for key in keys],
    )


async def _stored(prefix: str, session: Session, keys: Sequence[RowKey]) -> list[tuple[Any, ...]]:
    marks = ",".join(["(?,?,?,?,?,?)"] * len(keys))
    condition = " AND ".join(f"stored.{name} = needed.{name}" for name in KEY_COLUMNS)
    columns = ", ".join(f"stored.{name}" for name in (*KEY_COLUMNS, *VALUE_COLUMNS))
    return await session.rows(
        f"WITH needed ({', '.join(KEY_COLUMNS)}) AS (VALUES {marks}) "
        f"SELECT {columns} FROM needed JOIN {prefix}task_rollups AS stored ON {condition}",
        [number for key in keys for number in key],
    )


def _row(key: RowKey, sums: Sums) -> tuple[Any, ...]:
    return (*key, *sums.counts, _stored_form(sums.runtime), _stored_form(sums.wait))


def _stored_form(histogram: Histogram) -> bytes:
    return encode({number: count for number, count in histogram.items() if count}) if histogram else _EMPTY
