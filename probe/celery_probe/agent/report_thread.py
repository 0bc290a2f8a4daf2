"""The thread that writes a report: one of the system, even where gevent or eventlet runs the process.

It takes no lock that beat could hold, or a child of the pool could inherit held: no logging, no import,
nothing of ``threading``.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Any, Protocol

from celery_probe.agent import natives
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog

PERIOD_SECONDS = 1.0
FINISH_SECONDS = 1.0


class Watched(Protocol):
    """What is reported on: ``ended`` once its work is done."""

    ended: bool


class ReportThread:
    """Writes one report a second, and at once when told that something changed."""

    def __init__(self, watched: Watched, directory: ReportDirectory, errors: ErrorLog) -> None:
        self._watched = watched
        self._directory = directory
        self._errors = errors
        self._wake = natives.allocate_lock()
        self._wake.acquire()
        self._done = natives.allocate_lock()
        self._done.acquire()
        self._pid = natives.getpid()

    def report(self) -> dict[str, Any]:
        """The report as JSON has it; what cannot be read yet is left at its empty value."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to write. The thread is unknown to ``threading`` and ends with the process."""
        natives.start_new_thread(self._run, ())

    def notify(self) -> None:
        """Write the next report now."""
        try:
            self._wake.release()
        except RuntimeError:
            return  # it is about to write anyway

    def finish(self) -> None:
        """Write the last report of a process whose work is done; gives up after ``FINISH_SECONDS``."""
        if natives.getpid() != self._pid:
            return  # a fork, such as a child of the pool, on its way out
        self._watched.ended = True
        self.notify()
        self._done.acquire(True, FINISH_SECONDS)

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._watched.ended
            # The sidecar may be trying the lock at this moment; the next round takes it.
            with self._errors.caught("lock"), suppress(BlockingIOError):
                self._directory.hold_lock()
            with self._errors.caught("report"):
                self._directory.write_report(json.dumps(self.report()).encode())
            if not ended:
                self._wake.acquire(True, PERIOD_SECONDS)
        self._done.release()


def version_of(package: str) -> str:
    """The version of a package that was imported, else nothing: the thread may not import."""
    return str(getattr(sys.modules.get(package), "__version__", ""))
