"""Cron expressions of five fields: whether they fire at all, and when they fired last.

The meaning is that of Debian's cron: a fixed hour that the clock skips fires at the end of the gap, and one
that the clock shows twice fires the first time. An entry that fires every few minutes or hours goes by
the time that passes.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cronsim import CronSim, CronSimError

_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_ZERO = timedelta(0)


def last_fire(expression: str, moment: datetime) -> datetime | None:
    """When it fired last, in UTC, by the clock of the moment's time zone; the moment itself counts.

    None where it has not fired for fifty years. Raises CronSimError where it is no expression.
    """
    # Iteration goes by the clock, and in an hour that comes twice a later reading may have been before.
    first = moment.replace(fold=0)
    repeated = (first.utcoffset() or _ZERO) - (moment.utcoffset() or _ZERO)
    begin = (first + repeated).replace(microsecond=1)
    past = (fire.astimezone(UTC) for fire in CronSim(expression, begin, reverse=True))
    return next((fire for fire in past if fire <= moment.astimezone(UTC)), None)


@lru_cache(maxsize=1024)
def fires(expression: str) -> bool:
    """Whether it is an expression, and one that fires within fifty years."""
    try:
        return next(CronSim(expression, _ANY_DAY), None) is not None
    except CronSimError:
        return False


@lru_cache(maxsize=1024)
def covers(expression: str, other: str) -> bool:
    """Whether it surely fires whenever the other one does. Both must be expressions."""
    one, two = CronSim(expression, _ANY_DAY), CronSim(other, _ANY_DAY)
    times = one.minutes >= two.minutes and one.hours >= two.hours and one.months >= two.months
    return times and _days_cover(one, two)


def _days_cover(one: CronSim, two: CronSim) -> bool:
    every_day = CronSim("* * * * *", _ANY_DAY)
    if one.days >= every_day.days and (not one.day_and or one.weekdays >= every_day.weekdays):
        return True
    return one.day_and == two.day_and and one.days >= two.days and _weekdays(one) >= _weekdays(two)


def _weekdays(cron: CronSim) -> set[int | tuple[int, int]]:
    """Sunday is 0 and 7."""
    return {day % 7 if isinstance(day, int) else (day[0] % 7, day[1]) for day in cron.weekdays}
