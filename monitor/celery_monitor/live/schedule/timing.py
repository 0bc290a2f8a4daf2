"""When a periodic task is due: in words, and as Unix time. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Any, Protocol

GRACE_SECONDS = 60.0
"""Beat may be this late, for example while it restarts, before a run counts as missed."""
MAX_MISSED = 100
"""Missed runs are counted up to this number: each time of a crontab has to be computed."""
_CRON_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


class Timing(Protocol):
    """The times of one entry."""

    @property
    def words(self) -> str:
        """Such as ``every 30 s`` or ``cron 0 4 * * *``."""

    def after(self, time: float) -> float | None:
        """The first time after this one, None if it is not known."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Every ``seconds``, counted from the last run."""

    seconds: float

    @property
    def words(self) -> str:
        """See the protocol."""
        return f"every {self.seconds:g} s"

    def after(self, time: float) -> float | None:
        """See the protocol."""
        return time + self.seconds if self.seconds > 0 else None


@dataclass(frozen=True)
class Cron:
    """Celery's crontab, in one thread. ``fields`` by Celery's names; ``zone``: in which they are meant."""

    fields: Mapping[str, str]
    zone: tzinfo = UTC

    @property
    def words(self) -> str:
        """See the protocol."""
        return "cron " + " ".join(self.fields.get(name, "*") for name in _CRON_FIELDS)

    def after(self, time: float) -> float | None:
        """See the protocol."""
        try:
            last = datetime.fromtimestamp(time, self.zone)
            self._crontab.nowfun = lambda: last
            begin, delta, _ = self._crontab.remaining_delta(last, tz=self.zone)
            return float((begin + delta).timestamp())
        except Exception:  # fields of a stranger, which Celery's parser may refuse in many ways
            return None

    @cached_property
    def _crontab(self) -> Any:
        """Its fields take Celery far longer to read than a time to compute."""
        from celery.schedules import crontab  # noqa: PLC0415

        return crontab(**self.fields)


@dataclass(frozen=True, slots=True)
class Other:
    """A schedule whose times cannot be computed here."""

    words: str

    def after(self, time: float) -> float | None:  # noqa: ARG002
        """Unknown."""
        return None


def cron_of(values: Mapping[str, Any], zone: tzinfo = UTC) -> Cron:
    """From Celery's names and values; a field that is missing is every."""
    return Cron(
        {name: str(values[name])[:200] for name in _CRON_FIELDS if values.get(name) is not None}, zone
    )


def missed_runs(timing: Timing, due: float | None, now: float) -> int | None:
    """How many runs are overdue. ``due``: when the next run is, None if that is not known."""
    if due is None:
        return None
    count, time = 0, due
    while time < now - GRACE_SECONDS and count < MAX_MISSED:
        count += 1
        following = timing.after(time)
        if following is None or following <= time:
            break
        time = following
    return count


def next_run(timing: Timing, due: float | None, now: float) -> float | None:
    """The next time, where the runs since ``due`` are not known yet; None if it is not known."""
    if due is None or due >= now:
        return due
    if isinstance(timing, Interval) and timing.seconds > 0:
        return due + math.ceil((now - due) / timing.seconds) * timing.seconds
    return timing.after(now)
