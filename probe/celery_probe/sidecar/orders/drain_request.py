"""The request that the worker drain: a file, which outlives restarts of the worker and of the sidecar."""

import time
from collections.abc import Callable
from pathlib import Path

from celery_health.wire.names import DRAIN_FILE
from celery_probe.sidecar.orders.marker_file import set_marker


class DrainRequest:
    """Whether this worker is to drain. The agent reads the same file.

    ``clock`` gives seconds of CLOCK_MONOTONIC, ``wall`` Unix time, which the file's date is in.
    """

    def __init__(
        self,
        directory: Path,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._path = directory / DRAIN_FILE
        self._clock = clock
        self._wall = wall
        self._written: int | None = None
        self._since = 0.0
        self.refresh()

    @property
    def is_requested(self) -> bool:
        """Whether the file was there at the last refresh."""
        return self._written is not None

    def requested_for(self) -> float | None:
        """For how many seconds the drain has been requested; None if it is not."""
        return None if self._written is None else max(0.0, self._clock() - self._since)

    def refresh(self) -> None:
        """Read the file's date, whichever process made the file."""
        try:
            written = self._path.stat().st_mtime_ns
        except OSError:
            self._written = None
            return
        if written != self._written:
            # The wall clock is read once a request: setting it later changes no age.
            self._since = self._clock() - max(0.0, self._wall() - written / 1e9)
            self._written = written

    def set(self, requested: bool) -> None:
        """Make or remove the file. Repeating it changes nothing.

        Raises:
            OSError: the directory cannot be written.
        """
        set_marker(self._path, requested)
        self.refresh()
