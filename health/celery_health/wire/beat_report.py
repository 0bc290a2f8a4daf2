"""The report that the agent writes from inside Celery beat, as its readers see it.

Times that end in ``_mono`` are seconds of CLOCK_MONOTONIC, which all containers of a pod share.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from celery_health.wire import json_fields as read
from celery_health.wire.json_fields import ReportError, parse_document

BEAT_REPORT_VERSION = 1
BEAT_KIND = "beat"


class BeatPhase(StrEnum):
    """Where beat stands in its own life."""

    STARTING = "starting"
    TICKING = "ticking"
    STOPPING = "stopping"


class BeatWait(StrEnum):
    """What a tick that does not end waits for, as far as its stack tells."""

    UNKNOWN = ""
    BROKER = "broker"
    RESULT_BACKEND = "result_backend"


@dataclass(frozen=True, slots=True)
class BeatReport:
    """One report of one beat process.

    ``initialised_mono`` is when the scheduler was there and beat's own loop began. ``tick_began_mono`` is set
    while beat is inside a tick, ``tick_mono`` is the end of the last one, and ``due_in`` the seconds after
    which that tick wished for the next. ``sent`` counts the tasks that the process has published, ``entries``
    those of the schedule (None where the scheduler does not show them).
    """

    agent_version: str
    pid: int
    celery_version: str
    kombu_version: str
    phase: BeatPhase
    written_mono: float
    initialised_mono: float | None
    tick_mono: float | None
    tick_began_mono: float | None
    due_in: float | None
    ticks: int
    sent: int
    entries: int | None
    max_interval: float | None
    scheduler: str = ""
    waits_for: BeatWait = BeatWait.UNKNOWN
    written_at: float | None = None
    error_count: int = 0
    last_error: str = ""


def parse_beat_report(text: str | bytes) -> BeatReport:
    """Read the text of a beat report file.

    Raises:
        ReportError: it is no JSON, or no report of beat of a version that we read.
    """
    return beat_report_from(parse_document(text))


def beat_report_from(document: Mapping[str, Any]) -> BeatReport:
    """Read a report that is already an object. Unknown keys are passed over.

    Raises:
        ReportError: a key is missing or has a value of another type, or kind or version are not ours.
    """
    version, kind = document.get("version"), document.get("kind")
    if version is True or version != BEAT_REPORT_VERSION or kind != BEAT_KIND:
        raise ReportError(
            f"The report has kind {kind!r} and version {version!r}, and {BEAT_KIND!r} of version "
            f"{BEAT_REPORT_VERSION} is read here: use an agent and a reader of one release."
        )
    return BeatReport(
        agent_version=read.text(document, "agent_version"),
        pid=read.count(document, "pid"),
        celery_version=read.text(document, "celery_version"),
        kombu_version=read.text(document, "kombu_version"),
        phase=read.member(document, "phase", BeatPhase),
        written_mono=read.number(document, "written_mono"),
        initialised_mono=read.optional(read.number, document, "initialised_mono"),
        tick_mono=read.optional(read.number, document, "tick_mono"),
        tick_began_mono=read.optional(read.number, document, "tick_began_mono"),
        due_in=read.optional(read.number, document, "due_in"),
        ticks=read.count(document, "ticks"),
        sent=read.count(document, "sent"),
        entries=read.optional(read.count, document, "entries"),
        max_interval=read.optional(read.number, document, "max_interval"),
        scheduler=read.text(document, "scheduler") if "scheduler" in document else "",
        waits_for=read.member_or(document, "waits_for", BeatWait, BeatWait.UNKNOWN),
        written_at=read.optional(read.number, document, "written_at"),
        error_count=read.count(document, "error_count") if "error_count" in document else 0,
        last_error=read.text(document, "last_error") if "last_error" in document else "",
    )
