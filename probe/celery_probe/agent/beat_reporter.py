"""The thread that writes beat's report, one a second.

Like the worker's reporter it takes no lock that beat could hold: no logging, no import.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from time import time
from typing import Any

from celery_probe.agent import VERSION, beat_waits, memory, natives, stack
from celery_probe.agent.beat_state import Beat, phase
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog

REPORT_VERSION = 1
PERIOD_SECONDS = 1.0
FINISH_SECONDS = 1.0
# A tick that publishes takes milliseconds.
STILL_SECONDS = 3.5


class BeatDirectory(ReportDirectory):
    """The shared folder, with beat's report in the place of a worker's."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory)
        run = directory.rstrip("/") + "/run"
        self._report = run + "/beat.json"
        self._unfinished = run + "/.beat.json.new"


class BeatReporter:
    """Writes one report a second until the end of beat."""

    def __init__(self, beat: Beat, directory: ReportDirectory, errors: ErrorLog) -> None:
        self._beat = beat
        self._directory = directory
        self._errors = errors
        self._wake = natives.allocate_lock()
        self._wake.acquire()
        self._done = natives.allocate_lock()
        self._done.acquire()
        self._pid = natives.getpid()

    def start(self) -> None:
        """Begin to write. The thread is unknown to ``threading`` and ends with the process."""
        natives.start_new_thread(self._run, ())

    def finish(self) -> None:
        """Write the last report of a beat whose work is done; gives up after ``FINISH_SECONDS``."""
        if natives.getpid() != self._pid:
            return  # a fork of beat on its way out
        self._beat.ended = True
        with suppress(RuntimeError):
            self._wake.release()
        self._done.acquire(True, FINISH_SECONDS)

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._beat.ended
            # The sidecar may be trying the lock at this moment; the next round takes it.
            with self._errors.caught("lock"), suppress(BlockingIOError):
                self._directory.hold_lock()
            with self._errors.caught("report"):
                self._directory.write_report(json.dumps(self.report()).encode())
            if not ended:
                self._wake.acquire(True, PERIOD_SECONDS)
        self._done.release()

    def report(self) -> dict[str, Any]:
        """The report as JSON has it; what cannot be read yet is left at its empty value."""
        beat = self._beat
        return {
            "version": REPORT_VERSION,
            "kind": "beat",
            "agent_version": VERSION,
            "pid": self._pid,
            "celery_version": _version_of("celery"),
            "kombu_version": _version_of("kombu"),
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


def _version_of(package: str) -> str:
    return str(getattr(sys.modules.get(package), "__version__", ""))
