"""The entries of ``beat_schedule`` in the application's configuration. It does not say when they ran."""

from datetime import UTC, tzinfo
from typing import Any

from celery_monitor.live.schedule.timing import Interval, Other, Timing, cron_of
from celery_monitor.live.views import ScheduleEntry, ScheduleSource

MAX_ENTRIES = 2_000


def application_entries(app: Any, now: float) -> list[ScheduleEntry]:
    """The entries of the application, by name. An entry that cannot be read is left out."""
    schedule = app.conf.beat_schedule
    entries = schedule.items() if isinstance(schedule, dict) else ()
    found = []
    for name, entry in list(entries)[:MAX_ENTRIES]:
        if not isinstance(entry, dict) or "task" not in entry:
            continue
        timing = timing_of(entry.get("schedule"), app.timezone or UTC)
        options = entry.get("options")
        queue = options.get("queue") if isinstance(options, dict) else None
        found.append(
            ScheduleEntry(
                name=str(name),
                task=str(entry["task"]),
                schedule=timing.words,
                source=ScheduleSource.APPLICATION,
                queue=None if queue is None else str(queue),
                # An interval counts from the last run, which only beat knows.
                next_run=None if isinstance(timing, Interval) else timing.after(now),
            )
        )
    return sorted(found, key=lambda entry: entry.name)


def timing_of(value: Any, zone: tzinfo) -> Timing:
    """From what ``beat_schedule`` allows: seconds, a timedelta, or one of Celery's schedules."""
    from celery.schedules import crontab, maybe_schedule, schedule  # noqa: PLC0415

    schedule_or_value = maybe_schedule(value)
    if isinstance(schedule_or_value, crontab):
        names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
        return cron_of({name: getattr(schedule_or_value, f"_orig_{name}") for name in names}, zone)
    if isinstance(schedule_or_value, schedule):
        return Interval(schedule_or_value.run_every.total_seconds())
    return Other(str(schedule_or_value)[:200])
