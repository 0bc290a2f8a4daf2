"""The thread that writes a report: one of the system, even where gevent or eventlet runs the process.

It takes no lock that Celery could hold, or that a child of the pool could inherit locked: no logging, no
import, nothing of ``threading``.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from time import time
from typing import Any, Callable, Protocol, Sequence

from celery_probe.agent import VERSION as AGENT_VERSION
from celery_probe.agent import contract, memory, natives, stack
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog

HEARTBEAT_SECONDS = 1.0
# Between two reports about tasks that began.
REST_SECONDS = 0.2
FINISH_SECONDS = 1.0
PYTHON_VERSION = "{}.{}.{}".format(*sys.version_info[:3])
# A tick of beat takes milliseconds; gevent and eventlet turn a worker's loop every other second when idle.
STILL_SECONDS = 3.5


class Watched(Protocol):
    """What the report is about: ``ended`` once its work is done."""

    ended: bool


class ReportThread:
    """Writes one report a second, and at once when notified that something changed."""

    role = ""

    def __init__(self, watched: Watched, directory: ReportDirectory, errors: ErrorLog) -> None:
        self._watched = watched
        self._directory = directory
        self._errors = errors
        self._wake = natives.allocate_lock()
        self._wake.acquire()
        self._done = natives.allocate_lock()
        self._done.acquire()
        self._pid = natives.getpid()
        self._resting = False
        self._news = False

    def details(self) -> dict[str, Any]:
        """The part of the report for this kind of process; what cannot be read yet is left empty."""
        raise NotImplementedError

    def report(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "version": contract.VERSION,
            "role": self.role,
            "agent_version": AGENT_VERSION,
            "pid": self._pid,
            "celery_version": version_of("celery"),
            "kombu_version": version_of("kombu"),
            "python_version": PYTHON_VERSION,
            "memory_bytes": memory.resident_bytes(self._pid),
            **self.details(),
            # After the details, whose errors count.
            "error_count": self._errors.count,
            "last_error": self._errors.last,
            "written_at": time(),
            "written_mono": natives.monotonic(),
        }

    def start(self) -> None:
        """Begin to write. The thread is unknown to ``threading`` and ends with the process."""
        natives.start_new_thread(self._run, ())

    def notify(self) -> None:
        """Write the next report now."""
        try:
            self._wake.release()
        except RuntimeError:
            return  # it is about to write anyway

    def notify_soon(self) -> None:
        """Write the next report now, or ``REST_SECONDS`` after the last. It never raises."""
        self._news = True
        if not self._resting:
            self.notify()

    def finish(self) -> None:
        """Write the last report of a process whose work is done; gives up after ``FINISH_SECONDS``."""
        if natives.getpid() != self._pid:
            return  # a fork, such as a child of the pool, on its way out
        self._watched.ended = True
        self.notify()
        self._done.acquire(True, FINISH_SECONDS)

    def _waits_for(
        self,
        since: float | None,
        thread: int,
        greenlet: Any,
        waits_for: Callable[[Sequence[stack.Place]], str],
    ) -> str:
        """What the thread waits for, if it has stood still ``since`` long ago: reading a stack costs time."""
        if since is None or natives.monotonic() - since < STILL_SECONDS:
            return stack.UNKNOWN
        places: list[stack.Place] = []
        with self._errors.caught("stack"):
            places = stack.places_of(thread, greenlet)
        return waits_for(places)

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._watched.ended
            self._resting, self._news = True, False
            # The lock may be in use at this moment; the next heartbeat takes it.
            with self._errors.caught("lock"), suppress(BlockingIOError):
                self._directory.hold_lock()
            with self._errors.caught("report"):
                self._directory.write_report(contract.encode(self.report()))
            if not ended:
                self._wait()
        self._done.release()

    def _wait(self) -> None:
        """Wait until the next report is due."""
        if self._wake.acquire(True, REST_SECONDS):
            return
        # In this order: news after the first line wakes this thread, and earlier news shows in the second.
        self._resting = False
        if not self._news:
            self._wake.acquire(True, HEARTBEAT_SECONDS - REST_SECONDS)


def version_of(package: str) -> str:
    """The version of a package that was imported, else nothing: the thread may not import."""
    return str(getattr(sys.modules.get(package), "__version__", ""))
