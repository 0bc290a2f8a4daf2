"""The report that the agent writes from inside Celery beat."""

from enum import StrEnum
from typing import Literal

from celery_health.wire.bounds import REPORT_BYTES, Count, Name, Seconds
from celery_health.wire.documents import Format
from celery_health.wire.process_report import ProcessReport


class BeatPhase(StrEnum):
    """The stage of beat's life."""

    STARTING = "starting"
    TICKING = "ticking"
    STOPPING = "stopping"


class BeatWait(StrEnum):
    """What a tick that does not end waits for, as far as its stack shows."""

    UNKNOWN = ""
    BROKER = "broker"
    RESULT_BACKEND = "result_backend"

    @classmethod
    def _missing_(cls, _word: object) -> "BeatWait":
        """A word of a later agent says as much as no word."""
        return cls.UNKNOWN


class BeatReport(ProcessReport, frozen=True, kw_only=True):
    """One report of one beat process.

    ``initialised_mono`` is when the scheduler existed and beat's own loop began. ``tick_began_mono`` is set
    while beat is inside a tick, ``tick_mono`` is the end of the last one, and ``due_in`` the seconds after
    which the next tick is due. ``sent`` counts the tasks that the process has published, ``entries`` those of
    the schedule (None where the scheduler does not show them). ``max_interval`` is the longest time between
    two ticks.
    """

    role: Literal["beat"]
    phase: BeatPhase
    initialised_mono: Seconds | None = None
    tick_mono: Seconds | None = None
    tick_began_mono: Seconds | None = None
    due_in: Seconds | None = None
    ticks: Count
    sent: Count
    entries: Count | None = None
    max_interval: Seconds | None = None
    scheduler: Name = ""
    waits_for: BeatWait = BeatWait.UNKNOWN


BEAT_REPORT = Format("beat report", BeatReport, REPORT_BYTES)
