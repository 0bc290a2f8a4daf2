"""The tables of django-celery-beat, read through the application's own Django, in a thread: this blocks."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from celery_health.survey.app_loading import load_django_models
from celery_monitor.live.schedule.timing import Interval, Other, Timing, cron_of, missed_runs, next_run
from celery_monitor.live.views import ScheduleEntry, ScheduleSource

MAX_ENTRIES = 2_000
SYNC_SECONDS = 180.0
"""Beat writes the runs into the tables this much later at most (``celery.beat.Scheduler.sync_every``)."""
_APP = "django_celery_beat"
_SCHEDULES = ("interval", "crontab", "solar", "clocked")

Clock = Callable[[Any], float | None]
"""From a time of the tables to Unix time."""


@dataclass(frozen=True, slots=True)
class Solar:
    """An event of the sun at a place, such as sunrise. Its times need the package ``ephem``."""

    event: str
    latitude: float
    longitude: float

    @property
    def words(self) -> str:
        """See the protocol."""
        return f"{self.event} at {self.latitude:g}, {self.longitude:g}"

    def after(self, time: float) -> float | None:
        """See the protocol."""
        from celery.schedules import solar  # noqa: PLC0415

        begin = datetime.fromtimestamp(time, UTC)
        try:
            schedule = solar(self.event, self.latitude, self.longitude, nowfun=lambda: begin)
            return time + float(schedule.remaining_estimate(begin).total_seconds())
        except Exception:  # without ephem, or where the sun does not rise at all
            return None


def is_installed() -> bool:
    """Whether the application is a Django project that has django-celery-beat."""
    if not os.environ.get("DJANGO_SETTINGS_MODULE"):
        return False
    try:
        from django.conf import settings  # noqa: PLC0415

        return any(str(name).partition(".")[0] == _APP for name in settings.INSTALLED_APPS)
    except Exception:  # settings of the application may raise anything, which it reports by itself
        return False


def is_the_scheduler(app: Any) -> bool:
    """Whether the application's beat uses the tables, by its configuration."""
    return _APP in str(app.conf.beat_scheduler)


def table_entries(now: float, zone: tzinfo) -> list[ScheduleEntry]:
    """The entries by name. ``zone``: of the application, for crontabs that have none of their own.

    It raises what Django and the database raise.
    """
    from django.apps import apps  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415
    from django.utils.timezone import is_naive, make_aware  # noqa: PLC0415

    def unix(value: Any) -> float | None:
        if not isinstance(value, datetime):
            return None
        return (make_aware(value) if is_naive(value) else value).timestamp()

    load_django_models()
    tasks = apps.get_model(_APP, "PeriodicTask").objects.select_related(*_SCHEDULES)
    try:
        return [entry_of(task, unix, now, zone) for task in tasks.order_by("name")[:MAX_ENTRIES]]
    finally:
        # The connection belongs to this thread, which ends now.
        connections.close_all()


def entry_of(task: Any, unix: Clock, now: float, zone: tzinfo) -> ScheduleEntry:
    """One entry, from its row."""
    timing = _timing(task, unix, zone)
    due = _due(task, timing, unix, now) if task.enabled else None
    missed = missed_runs(timing, due, now - SYNC_SECONDS)
    return ScheduleEntry(
        name=str(task.name),
        task=str(task.task),
        schedule=timing.words,
        source=ScheduleSource.DJANGO,
        enabled=bool(task.enabled),
        queue=task.queue or None,
        last_run=unix(task.last_run_at),
        # A run of the last minutes may not be in the table yet.
        next_run=due if missed else next_run(timing, due, now),
        missed=missed,
        runs=task.total_run_count,
    )


def _timing(task: Any, unix: Clock, zone: tzinfo) -> Timing:
    if task.interval is not None:
        seconds = {"days": 86_400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0, "microseconds": 1e-6}
        return Interval(task.interval.every * seconds.get(task.interval.period, 0.0))
    if (cron := task.crontab) is not None:
        names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
        fields = {name: getattr(cron, name) for name in names}
        return cron_of(fields, cron.timezone if isinstance(cron.timezone, tzinfo) else zone)
    if task.solar is not None:
        return Solar(str(task.solar.event), float(task.solar.latitude), float(task.solar.longitude))
    if task.clocked is not None and (time := unix(task.clocked.clocked_time)) is not None:
        return Other(f"once at {datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC")
    return Other("no schedule")


def _due(task: Any, timing: Timing, unix: Clock, now: float) -> float | None:
    """When the task is to run next after its last run that the table knows; None for never."""
    expires, start = unix(task.expires), unix(task.start_time)
    ended = task.one_off and task.total_run_count > 0
    if ended or (expires is not None and expires <= now):
        return None
    if task.clocked is not None:
        return unix(task.clocked.clocked_time)
    last = unix(task.last_run_at)
    if last is not None:
        due = timing.after(last)
    elif start is not None:
        # Beat takes it that the task ran long ago.
        due = start if isinstance(timing, Interval) else timing.after(start - 1)
    else:
        changed = unix(task.date_changed)
        due = None if changed is None else timing.after(changed)
    return due if due is None or start is None else max(due, start)
