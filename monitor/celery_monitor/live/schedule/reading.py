"""Reads the schedule from where it is kept, and says what would help where it is not known."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

from celery_health.error_text import in_one_line
from celery_health.survey.app_connection import AppConnection
from celery_health.threads import SingleThread
from celery_health.urls import UrlError, parse
from celery_monitor.live.schedule import django_tables
from celery_monitor.live.schedule.application import application_entries
from celery_monitor.live.schedule.redbeat import DEFAULT_PREFIX, read_redbeat, redbeat_entries
from celery_monitor.live.views import ScheduleEntry, ScheduleView

UNKNOWN = (
    "The schedule is not known: beat sends no events, and no schedule of celery-redbeat is in this Redis. "
    "Start the monitor with --app to read beat_schedule or the tables of django-celery-beat."
)
WITHOUT_RUNS = (
    "Only beat knows when these entries last ran. celery-redbeat keeps that in Redis and django-celery-beat "
    "in its tables, where the monitor can read it."
)
LATE_RUNS = f"Beat writes runs into its tables after up to {django_tables.SYNC_SECONDS / 60:g} min."
_THREAD_SECONDS = 4.0


class ScheduleReader:
    """Reads the schedule of one application."""

    def __init__(self, connection: AppConnection) -> None:
        self._connection = connection
        self._thread: SingleThread[list[ScheduleEntry] | None] = SingleThread(_THREAD_SECONDS)

    async def read(self, now: float) -> ScheduleView:
        """The entries of redbeat or of Django's tables, which know their runs, or else the application's.

        Raises:
            TimeoutError: the entries were not made in time.
        """
        app = self._connection.app
        url, prefix = _redbeat(self._connection, app)
        # Entries are made in a thread: the times of thousands of crontabs would block the event loop.
        if url is not None and (stored := await read_redbeat(url, prefix)) is not None:
            return ScheduleView(entries=await self._entries(lambda: redbeat_entries(stored, now)))
        if app is None:
            return ScheduleView(unknown=UNKNOWN)
        if (tables := await self._tables(app, now)) is not None:
            return tables
        entries = await self._entries(lambda: application_entries(app, now))
        return ScheduleView(entries=entries, unknown=WITHOUT_RUNS)

    async def _entries(self, make: Callable[[], list[ScheduleEntry]]) -> tuple[ScheduleEntry, ...]:
        return tuple(await self._thread.run(make) or ())

    async def _tables(self, app: Any, now: float) -> ScheduleView | None:
        """What the tables of django-celery-beat have; None if beat does not use them."""
        try:
            found = await self._thread.run(lambda: _read_tables(app, now))
        except TimeoutError:
            return ScheduleView(unknown=_unreadable("their database does not answer in time"))
        except Exception as error:  # whatever Django and its database raise
            return ScheduleView(unknown=_unreadable(in_one_line(error).rstrip(".")))
        return None if found is None else ScheduleView(entries=tuple(found), unknown=LATE_RUNS)


def _read_tables(app: Any, now: float) -> list[ScheduleEntry] | None:
    if not django_tables.is_installed():
        return None
    found = django_tables.table_entries(now, app.timezone or UTC)
    return found if found or django_tables.is_the_scheduler(app) else None


def _unreadable(why: str) -> str:
    return f"The schedule is not known, because the tables of django-celery-beat cannot be read: {why}."


def _redbeat(connection: AppConnection, app: Any) -> tuple[Any, str]:
    """Where redbeat's keys are: as the application sets it, or else in the broker."""
    own = None if app is None else app.conf.get("redbeat_redis_url")
    prefix = DEFAULT_PREFIX if app is None else str(app.conf.get("redbeat_key_prefix") or DEFAULT_PREFIX)
    try:
        url = parse(own) if isinstance(own, str) and own else connection.broker
    except UrlError:
        return None, prefix
    return (url if url.kind.is_redis else None), prefix
