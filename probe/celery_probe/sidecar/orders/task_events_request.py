"""The request that the worker send task events: a file, which outlives restarts of worker and sidecar."""

from pathlib import Path

from celery_health.wire.names import TASK_EVENTS_FILE
from celery_probe.sidecar.orders.marker_file import set_marker


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
        set_marker(self._path, requested)
        self.refresh()
