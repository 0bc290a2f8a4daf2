"""The files that the agent shares with the sidecar and with the hook before the stop.

They are the report, the proof of life, the operator's wish to drain, and the two wishes of the hook.
"""

from __future__ import annotations

import fcntl

from celery_probe.agent import natives

READABLE_BY_ALL = 0o644
WORKER_REPORT = "report.json"


class ReportDirectory:
    """The ``run`` folder of the shared volume. Methods raise OSError where the folder does not let them.

    ``report`` is the name of the report's file.
    """

    def __init__(self, directory: str, report: str = WORKER_REPORT) -> None:
        run = directory.rstrip("/") + "/run"
        self._report = f"{run}/{report}"
        self._unfinished = f"{run}/.{report}.new"
        self._lock = run + "/worker.lock"
        self._drain = run + "/drain"
        self._stop = run + "/stop"
        self._give_back = run + "/give-back"
        self._locked: int | None = None

    def drain_wanted(self) -> bool:
        """Whether this worker should fetch no more messages."""
        return natives.exists(self._drain) or self.stop_wanted()

    def stop_wanted(self) -> bool:
        """Whether this worker is about to be stopped, and should start no more tasks either."""
        return natives.exists(self._stop)

    def give_back_wanted(self) -> bool:
        """Whether this worker has no time left, and should hand its messages back to the broker."""
        return natives.exists(self._give_back)

    def want_stop(self) -> None:
        """Tell the worker that it is about to be stopped."""
        _make(self._stop)

    def want_give_back(self) -> None:
        """Tell the worker that its time is over."""
        _make(self._give_back)

    def forget_stop(self) -> None:
        """Take both back: they were meant for a process that is gone, unlike the operator's wish."""
        _remove(self._stop)
        _remove(self._give_back)

    def read_report(self) -> bytes:
        """The report as it stands."""
        descriptor = natives.open_descriptor(self._report, natives.O_RDONLY)
        try:
            text = b""
            while part := natives.read(descriptor, 65536):
                text += part
            return text
        finally:
            natives.close_descriptor(descriptor)

    def write_report(self, text: bytes) -> None:
        """Put a new report in the place of the old one, in one step for its readers."""
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
        """Take the lock that ends with this process, unless it is held already.

        A record lock belongs to the process: pool children do not inherit it, any thread may take it, and the
        kernel gives it back when the process ends, however it ends. Raises BlockingIOError while the sidecar
        is trying it.
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


def _make(path: str) -> None:
    natives.close_descriptor(
        natives.open_descriptor(path, natives.O_WRONLY | natives.O_CREAT, READABLE_BY_ALL)
    )


def _remove(path: str) -> None:
    try:
        natives.unlink(path)
    except FileNotFoundError:
        return
