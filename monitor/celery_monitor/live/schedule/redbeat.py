"""The entries of celery-redbeat, which keeps its schedule in Redis."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from redis.exceptions import RedisError

from celery_health.readers.redis.connection import RedisConnection
from celery_health.urls import BrokerUrl
from celery_monitor.live.schedule.timing import Interval, Other, Timing, cron_of, missed_runs
from celery_monitor.live.views import ScheduleEntry, ScheduleSource

MAX_ENTRIES = 2_000
DEFAULT_PREFIX = "redbeat:"
_MAX_BYTES = 100_000


Stored = tuple[float, Any, Any]
"""When an entry is due, and its two JSON texts."""


async def read_redbeat(url: BrokerUrl, prefix: str = DEFAULT_PREFIX) -> list[Stored] | None:
    """What Redis has stored; None if it cannot be read or has no schedule."""
    redis = RedisConnection(url)
    try:
        client = redis.client()
        due = await client.zrange(f"{prefix}:schedule", 0, MAX_ENTRIES - 1, withscores=True)
        if not due:
            return None
        async with client.pipeline(transaction=False) as pipeline:
            for key, _ in due:
                pipeline.hmget(key, ["definition", "meta"])
            answers = await pipeline.execute(raise_on_error=False)
    except (RedisError, OSError, TimeoutError):
        return None
    finally:
        await redis.close()
    both = zip(due, answers, strict=True)
    return [(score, *answer) for (_, score), answer in both if isinstance(answer, list)]


def redbeat_entries(stored: Sequence[Stored], now: float) -> list[ScheduleEntry]:
    """The entries by name, without those that cannot be read. Many of them take seconds."""
    found = (entry_of(definition, meta, due=due, now=now) for due, definition, meta in stored)
    return sorted((entry for entry in found if entry is not None), key=lambda entry: entry.name)


def entry_of(definition: Any, meta: Any, *, due: float, now: float) -> ScheduleEntry | None:
    """One entry, from its two JSON texts and the time at which it is due. None if it cannot be read."""
    fields, state = _document(definition), _document(meta)
    name, task = fields.get("name"), fields.get("task")
    if not isinstance(name, str) or not isinstance(task, str):
        return None
    timing, options = _timing(fields.get("schedule")), fields.get("options")
    enabled, runs = fields.get("enabled") is not False, state.get("total_run_count")
    queue = options.get("queue") if isinstance(options, dict) else None
    return ScheduleEntry(
        name=name[:255],
        task=task[:255],
        schedule=timing.words,
        source=ScheduleSource.REDBEAT,
        enabled=enabled,
        queue=queue[:255] if isinstance(queue, str) else None,
        last_run=_time(state.get("last_run_at")),
        next_run=due if enabled else None,
        missed=missed_runs(timing, due, now) if enabled else None,
        runs=runs if type(runs) is int and runs >= 0 else None,
    )


def _document(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, bytes | str) or len(raw) > _MAX_BYTES:
        return {}
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _timing(value: Any) -> Timing:
    kind = value.get("__type__") if isinstance(value, dict) else None
    if kind == "interval" and type(value.get("every")) in {int, float}:
        return Interval(float(value["every"]))
    if kind == "crontab":
        return cron_of(value)
    return Other(str(kind or "unknown")[:50])


def _time(value: Any) -> float | None:
    if not isinstance(value, dict) or value.get("__type__") != "datetime":
        return None
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    numbers = {name: value.get(name, 0) for name in names}
    if any(type(number) is not int for number in numbers.values()):
        return None
    try:
        return datetime(**numbers, tzinfo=_zone(value.get("timezone"))).timestamp()
    except (ValueError, OverflowError):
        return None


def _zone(value: Any) -> tzinfo:
    if type(value) in {int, float}:
        return timezone(timedelta(seconds=value))
    try:
        return ZoneInfo(value) if isinstance(value, str) else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
