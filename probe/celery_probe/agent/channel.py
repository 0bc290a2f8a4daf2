"""The files that the agent and the sidecar share: the report, the proof of life and the wish to drain."""

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
        self._locked: int | None = None

    def drain_wanted(self) -> bool:
        """Whether this worker should fetch no more messages."""
        return natives.exists(self._drain)

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


def _remove(path: str) -> None:
    try:
        natives.unlink(path)
    except FileNotFoundError:
        return
