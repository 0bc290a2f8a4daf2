"""Known peaks: how many pods the windows that are open now want at least, and what is wrong with a window."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from celery_operator.api.autoscaling import ScheduleWindow
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.decide.scaling.cron import covers, fires, last_fire, nearest
from celery_operator.snapshot import ConfigurationFault

SCHEDULE_INVALID = "ScheduleInvalid"

_CRON = "0 8 * * mon-fri"
_TIME_ZONE = "Europe/Berlin or UTC"
_OFFSET = re.compile(r"(?:UTC|GMT)([+-])0?(\d{1,2})", re.IGNORECASE)


def floor(schedule: Iterable[ScheduleWindow], now: datetime) -> int:
    """The largest minReplicas of the windows that are open now; 0 where none is.

    A window is open from its start, and no more from its end on. One with a fault never is.
    """
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return max(
        (one.min_replicas for one in schedule if _is_open(one.start, one.end, one.time_zone, minute)),
        default=0,
    )


def schedule_faults(spec: CeleryDeploymentSpec) -> Iterator[ConfigurationFault]:
    """Schedules that cannot be kept, each with what to write instead."""
    for group in spec.workers:
        if group.autoscaling is not None:
            for message in faults(group.autoscaling.schedule):
                yield ConfigurationFault(SCHEDULE_INVALID, f"Group {group.name}: {message}")


def faults(schedule: Iterable[ScheduleWindow]) -> Iterator[str]:
    """A sentence for each value with which a window cannot open or close, with what to write instead."""
    for number, window in enumerate(schedule):
        place = f"schedule[{number}]"
        if _zone(window.time_zone) is None:
            instead = _nearest_zone(window.time_zone) or _TIME_ZONE
            yield f"{place}.timeZone {window.time_zone!r} is no known time zone: write {instead}"
        dead = {"start": window.start, "end": window.end}
        dead = {name: cron for name, cron in dead.items() if not fires(cron)}
        for name, cron in dead.items():
            instead = nearest(cron) or f"five fields, such as {_CRON}"
            yield f"{place}.{name} {cron!r} never fires: write {instead}"
        if not dead and covers(window.end, window.start):
            yield (
                f"{place} never opens, because its end {window.end!r} fires whenever its start "
                f"{window.start!r} does: write a later end, such as {_later(window.start)}"
            )


# Cron knows no seconds, so a window is looked at once a minute, however many ticks there are.
@lru_cache(maxsize=4096)
def _is_open(start: str, end: str, time_zone: str, minute: datetime) -> bool:
    zone = _zone(time_zone)
    if zone is None or not (fires(start) and fires(end)):
        return False
    local = minute.astimezone(zone)
    opened, closed = last_fire(start, local), last_fire(end, local)
    return opened is not None and (closed is None or opened > closed)


def _later(start: str) -> str:
    """An hour after the start, where that is on the same day."""
    minute, hour, *days = start.split()
    if hour.isdigit() and int(hour) < 23:
        return " ".join([minute, str(int(hour) + 1), *days])
    return " ".join(["59", "23", *days])


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return None


@lru_cache(maxsize=256)
def _nearest_zone(name: str) -> str | None:
    """A zone of that offset, of that city, or of a name that is nearly the same."""
    known = {zone.lower(): zone for zone in sorted(available_timezones())}
    if offset := _OFFSET.fullmatch(name):
        # By these names, west of Greenwich is plus.
        sign, hours = "-" if offset[1] == "+" else "+", int(offset[2])
        return known.get(f"etc/gmt{sign}{hours}")
    near = name.lower()
    if near in known:
        return known[near]
    places = [zone for zone in known if "/" in zone]
    city = [zone for zone in places if zone.endswith(f"/{near.rpartition('/')[2]}")]
    found = city or get_close_matches(near, places, n=1, cutoff=0.8)
    return known[found[0]] if found else None
