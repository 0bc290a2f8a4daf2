"""Known peaks: how many pods the windows that are open now want at least, and what is wrong with a window."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.autoscaling import ScheduleWindow
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.decide.scaling.cron import covers, fires, last_fire
from celery_operator.snapshot import ConfigurationFault

_CRON = "0 8 * * mon-fri"
_TIME_ZONE = "a name of the IANA time zone database, such as Europe/Berlin or UTC"


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
                facts = {"problem": message}
                verdict = Verdict(ConfigurationReason.SCHEDULE_INVALID, (group.name,), facts)
                yield ConfigurationFault.of(verdict)


def faults(schedule: Iterable[ScheduleWindow]) -> Iterator[str]:
    """A sentence for each value with which a window cannot open or close, with what to write instead."""
    for number, window in enumerate(schedule):
        place = f"schedule[{number}]"
        if _zone(window.time_zone) is None:
            yield f"{place}.timeZone {window.time_zone!r} is not a known time zone: write {_TIME_ZONE}"
        dead = {"start": window.start, "end": window.end}
        dead = {name: cron for name, cron in dead.items() if not fires(cron)}
        for name, cron in dead.items():
            yield f"{place}.{name} {cron!r} never fires: write a cron expression that does, such as {_CRON}"
        if not dead and covers(window.end, window.start):
            yield (
                f"{place} never opens, because its end {window.end!r} fires whenever its start "
                f"{window.start!r} does: write an end that fires later"
            )


# Cron knows no seconds, so a window is evaluated once a minute, however many reconciles there are.
@lru_cache(maxsize=4096)
def _is_open(start: str, end: str, time_zone: str, minute: datetime) -> bool:
    zone = _zone(time_zone)
    if zone is None or not (fires(start) and fires(end)):
        return False
    local = minute.astimezone(zone)
    opened, closed = last_fire(start, local), last_fire(end, local)
    return opened is not None and (closed is None or opened > closed)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return None
