"""Reads the schedule from where it is kept, and says what would help where it is not known."""

from typing import Any

from celery_health.survey.app_connection import AppConnection
from celery_health.urls import UrlError, parse
from celery_monitor.live.schedule.application import application_entries
from celery_monitor.live.schedule.redbeat import DEFAULT_PREFIX, redbeat_entries
from celery_monitor.live.views import ScheduleView

UNKNOWN = (
    "The schedule is not known: beat sends no events, and no schedule of celery-redbeat is in this Redis. "
    "Start the monitor with --app to read beat_schedule."
)
WITHOUT_RUNS = (
    "Only beat knows when these entries last ran. celery-redbeat keeps that in Redis, where the monitor can "
    "read it."
)


async def read_schedule(connection: AppConnection, now: float) -> ScheduleView:
    """The entries of redbeat, which know their runs, or else those of the application."""
    app = connection.app
    url, prefix = _redbeat(connection, app)
    if url is not None and (found := await redbeat_entries(url, now, prefix)) is not None:
        return ScheduleView(entries=tuple(found))
    if app is None:
        return ScheduleView(unknown=UNKNOWN)
    return ScheduleView(entries=tuple(application_entries(app, now)), unknown=WITHOUT_RUNS)


def _redbeat(connection: AppConnection, app: Any) -> tuple[Any, str]:
    """Where redbeat's keys are: as the application sets it, or else in the broker."""
    own = None if app is None else app.conf.get("redbeat_redis_url")
    prefix = DEFAULT_PREFIX if app is None else str(app.conf.get("redbeat_key_prefix") or DEFAULT_PREFIX)
    try:
        url = parse(own) if isinstance(own, str) and own else connection.broker
    except UrlError:
        return None, prefix
    return (url if url.kind.is_redis else None), prefix
