"""What the agent reports of beat, gathered in the thread of ``report_thread`` and under its rules."""

from __future__ import annotations

from typing import Any

from celery_probe.agent.beat import waits
from celery_probe.agent.beat.state import Beat, phase
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.report_thread import ReportThread


class BeatReporter(ReportThread):
    """Reports on beat."""

    role = "beat"

    def __init__(self, beat: Beat, directory: ReportDirectory, errors: ErrorLog) -> None:
        super().__init__(beat, directory, errors)
        self._beat = beat

    def details(self) -> dict[str, Any]:
        """The fields of this report that no other report has."""
        beat = self._beat
        return {
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
            "waits_for": self._waits_for(beat.tick_began_mono, beat.thread, None, waits.waits_for),
        }
