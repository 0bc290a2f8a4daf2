"""The request that the worker send task events: a file, which outlives restarts of worker and sidecar."""

import os
from pathlib import Path

from celery_health.wire.names import TASK_EVENTS_FILE


class TaskEventsRequest:
    """Whether this worker is to send task events. The agent reads the same file."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / TASK_EVENTS_FILE
        self.is_requested = False
        self.refresh()

    def refresh(self) -> None:
        """See whether the file exists, whichever process made it."""
        self.is_requested = self._path.exists()

    def set(self, requested: bool) -> None:
        """Make or remove the file. Repeating it changes nothing.

        Raises:
            OSError: the directory cannot be written.
        """
        if requested:
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        else:
            self._path.unlink(missing_ok=True)
        self.refresh()
