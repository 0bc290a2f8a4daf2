"""The files that the agent shares with the sidecar and with the hook before the stop (``stop.py``).

They are the report, the lock that proves the process lives, the drain request, the quarantine, the request
for task events, and the hook's two requests.
"""

from __future__ import annotations

import fcntl

from celery_probe.agent import natives
from celery_probe.agent.contract import (
    DRAIN_FILE,
    GIVE_BACK_FILE,
    LOCK_FILE,
    QUARANTINE_FILE,
    RUN_DIRECTORY,
    STOP_FILE,
    TASK_EVENTS_FILE,
    WORKER_REPORT_FILE,
)

READABLE_BY_ALL = 0o644


class ReportDirectory:
    """The ``run`` folder of the shared volume. Methods raise OSError where the folder does not let them.

    ``report`` is the name of the report's file.
    """

    def __init__(self, directory: str, report: str = WORKER_REPORT_FILE) -> None:
        run = f"{directory.rstrip('/')}/{RUN_DIRECTORY}"
        self._report = f"{run}/{report}"
        self._unfinished = f"{run}/.{report}.new"
        self._lock = f"{run}/{LOCK_FILE}"
        self._drain = f"{run}/{DRAIN_FILE}"
        self._stop = f"{run}/{STOP_FILE}"
        self._give_back = f"{run}/{GIVE_BACK_FILE}"
        self._quarantine = f"{run}/{QUARANTINE_FILE}"
        self._task_events = f"{run}/{TASK_EVENTS_FILE}"
        self._locked: int | None = None

    def is_drain_requested(self) -> bool:
        """Whether this worker is to fetch no more messages."""
        return natives.exists(self._drain) or self.is_stop_requested()

    def is_stop_requested(self) -> bool:
        """Whether this worker is about to be stopped, and is to start no more tasks either."""
        return natives.exists(self._stop)

    def is_give_back_requested(self) -> bool:
        """Whether this worker has no time left, and is to give its messages back to the broker."""
        return natives.exists(self._give_back)

    def is_task_events_requested(self) -> bool:
        """Whether this worker is to send task events."""
        return natives.exists(self._task_events)

    def quarantine_mark(self) -> tuple[int, int] | None:
        """A mark that differs for every quarantine; None if there is none."""
        try:
            status = natives.stat(self._quarantine)
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def read_quarantine(self) -> bytes:
        """The quarantine that the sidecar has written."""
        return _read(self._quarantine)

    def request_stop(self) -> None:
        """Announce to the worker that it is about to be stopped.

        The lock on the file shows the sidecar that the process which has asked for the stop still lives.
        """
        _make(self._stop)
        descriptor = natives.open_descriptor(self._stop, natives.O_RDWR)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            natives.close_descriptor(descriptor)

    def request_give_back(self) -> None:
        """Announce to the worker that its time is over."""
        _make(self._give_back)

    def cancel_stop(self) -> None:
        """Remove both requests: they were for a process that is gone. The drain request stays."""
        _remove(self._stop)
        _remove(self._give_back)

    def read_report(self) -> bytes:
        """The latest report."""
        return _read(self._report)

    def write_report(self, text: bytes) -> None:
        """Replace the report by a new one, atomically for its readers."""
        _remove(self._unfinished)
        flags = natives.O_WRONLY | natives.O_CREAT | natives.O_EXCL
        descriptor = natives.open_descriptor(self._unfinished, flags, READABLE_BY_ALL)
        try:
            natives.fchmod(descriptor, READABLE_BY_ALL)
            while text:
                text = text[natives.write(descriptor, text) :]
        finally:
            natives.close_descriptor(descriptor)
        natives.replace(self._unfinished, self._report)

    def hold_lock(self) -> None:
        """Take the lock that proves this process lives, unless this process holds it already.

        A record lock belongs to the process: pool children do not inherit it, any thread may take it, and the
        kernel releases it when the process ends, however it ends. Raises BlockingIOError while another
        process holds it.
        """
        if self._locked is not None:
            return
        descriptor = natives.open_descriptor(self._lock, natives.O_RDWR | natives.O_CREAT, READABLE_BY_ALL)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            natives.close_descriptor(descriptor)
            raise
        self._locked = descriptor

    def is_locked(self) -> bool:
        """Whether a process holds the lock: the one whose report this is lives."""
        try:
            descriptor = natives.open_descriptor(self._lock, natives.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            natives.close_descriptor(descriptor)
        return False


def _make(path: str) -> None:
    natives.close_descriptor(
        natives.open_descriptor(path, natives.O_WRONLY | natives.O_CREAT, READABLE_BY_ALL)
    )


def _read(path: str) -> bytes:
    descriptor = natives.open_descriptor(path, natives.O_RDONLY)
    try:
        text = b""
        while part := natives.read(descriptor, 65536):
            text += part
        return text
    finally:
        natives.close_descriptor(descriptor)


def _remove(path: str) -> None:
    try:
        natives.unlink(path)
    except FileNotFoundError:
        return
