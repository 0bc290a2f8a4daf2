"""Removes the files of a stop that nothing has asked for: while they exist, the worker fetches no messages.

A worker that has seen the stop file cannot start tasks again: it then shuts down, to be started anew.
The stop hook holds the lock on its file as long as it runs. After that, SIGTERM comes at once, and the worker
says that it stops.
"""

import sys
from contextlib import suppress
from pathlib import Path

from celery_health.wire.answers import ProcessState
from celery_health.wire.names import GIVE_BACK_FILE, STOP_FILE
from celery_health.wire.worker_report import Phase, WorkerReport
from celery_probe.sidecar.observe.lock import LockReading, read_lock

STRAY_SECONDS = 30.0
"""A worker that was really asked to stop ends, or says that it stops, within this time."""


class StrayStop:
    """The stop files in ``directory``. All times are seconds of one clock that never goes back."""

    def __init__(self, directory: Path) -> None:
        self._stop = directory / STOP_FILE
        self._give_back = directory / GIVE_BACK_FILE
        self._since: float | None = None

    def clear(self, process: LockReading | None, report: WorkerReport | None, now: float) -> None:
        """Remove the files once a worker has run on for too long although nothing asks for its stop."""
        runs = process is not None and process.state is ProcessState.RUNNING
        stops = report is not None and report.phase is Phase.STOPPING
        if not runs or stops or not self._is_there() or self._is_held():
            self._since = None
            return
        if self._since is None:
            self._since = now
        if now - self._since >= STRAY_SECONDS:
            self._since = None
            for path in (self._stop, self._give_back):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            print(  # noqa: T201 (the log of this process)
                f"celery-probe: removed the file {STOP_FILE}: nothing has stopped the worker for "
                f"{STRAY_SECONDS:.0f} s, and no stop hook runs. The worker shuts down, to be started again",
                file=sys.stderr,
                flush=True,
            )

    def _is_there(self) -> bool:
        try:
            self._stop.lstat()
        except OSError:
            return False
        return True

    def _is_held(self) -> bool:
        return read_lock(self._stop).state is ProcessState.RUNNING
