"""What the agent reports of beat, gathered in the thread of ``report_thread`` and under its rules."""

from __future__ import annotations

from time import time
from typing import Any

from celery_probe.agent import VERSION, beat_waits, memory, natives, stack
from celery_probe.agent.beat_state import Beat, phase
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.report_thread import ReportThread, version_of

REPORT_VERSION = 1
REPORT_FILE = "beat.json"
# A tick that publishes takes milliseconds.
STILL_SECONDS = 3.5


class BeatReporter(ReportThread):
    """Reports on beat."""

    def __init__(self, beat: Beat, directory: ReportDirectory, errors: ErrorLog) -> None:
        super().__init__(beat, directory, errors)
        self._beat = beat

    def report(self) -> dict[str, Any]:
        """The report as JSON has it; what cannot be read yet is left at its empty value."""
        beat = self._beat
        return {
            "version": REPORT_VERSION,
            "kind": "beat",
            "agent_version": VERSION,
            "pid": self._pid,
            "celery_version": version_of("celery"),
            "kombu_version": version_of("kombu"),
            "phase": phase(beat),
            "scheduler": beat.scheduler,
            "max_interval": beat.max_interval,
            "initialised_mono": beat.initialised_mono,
            "tick_began_mono": beat.tick_began_mono,
            "tick_mono": beat.tick_mono,
            "due_in": beat.due_in,
            "ticks": beat.ticks,
            "sent": beat.sent,
            "entries": beat.entries,
            "waits_for": self._waits_for(),
            "memory_bytes": memory.resident_bytes(self._pid),
            "error_count": self._errors.count,
            "last_error": self._errors.last,
            "written_at": time(),
            "written_mono": natives.monotonic(),
        }

    def _waits_for(self) -> str:
        """Only of a tick that lasts: looking at a stack costs."""
        began = self._beat.tick_began_mono
        if began is None or natives.monotonic() - began < STILL_SECONDS:
            return stack.UNKNOWN
        places: list[stack.Place] = []
        with self._errors.caught("stack"):
            places = stack.places_of(self._beat.thread, None)
        return beat_waits.waits_for(places)
