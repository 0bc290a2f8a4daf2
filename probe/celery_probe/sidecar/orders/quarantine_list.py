"""The quarantine: a file, which outlives restarts of the worker and of the sidecar."""

import os
from pathlib import Path

import msgspec

from celery_health.wire.documents import UnreadableError
from celery_health.wire.names import QUARANTINE_FILE, VERSION
from celery_health.wire.orders import QUARANTINE_DOCUMENT, QuarantineBody, QuarantineDocument
from celery_probe.sidecar.regular_file import open_file, read_file


class QuarantineList:
    """The task ids in quarantine. The agent reads the same file.

    ``in_force`` is the order that was given last: None if there has been none, or if the file is unreadable.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / QUARANTINE_FILE
        self._unfinished = directory / f".{QUARANTINE_FILE}.new"
        self._written: tuple[int, int] | None = None
        self.in_force: QuarantineBody | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read the file, if it has changed since it was last read."""
        try:
            status = self._path.lstat()
            written = (status.st_ino, status.st_mtime_ns)
            if written != self._written:
                self.in_force = QUARANTINE_DOCUMENT.decode(
                    read_file(self._path, QUARANTINE_DOCUMENT.largest)
                ).quarantine
                self._written = written
        except (OSError, UnreadableError):
            self.in_force = self._written = None

    def set(self, order: QuarantineBody) -> None:
        """Replace the file, atomically for the agent.

        Raises:
            OSError: the directory cannot be written.
        """
        document = QuarantineDocument(version=VERSION, quarantine=order)
        self._unfinished.unlink(missing_ok=True)
        with os.fdopen(open_file(self._unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY), "wb") as file:
            file.write(msgspec.json.encode(document))
            # The worker may run as another user.
            os.fchmod(file.fileno(), 0o644)
        self._unfinished.replace(self._path)
        self.refresh()
