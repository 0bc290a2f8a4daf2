"""The request that the worker drain: a file, which outlives restarts of the worker and of the sidecar."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from celery_health.wire.names import DRAIN_FILE
from celery_probe.sidecar.orders.marker_file import set_marker
from celery_probe.sidecar.regular_file import open_file, read_file

_MOST_BYTES = 32


class DrainRequest:
    """Whether this worker is to drain. The agent reads the same file.

    A request may expire: then it ends unless the order is repeated in time. The file holds the seconds of
    that time, so that a sidecar that restarts knows them. They count from its start again.

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
        self._ordered = 0.0
        self._expires_after: float | None = None
        self.refresh()

    @property
    def is_requested(self) -> bool:
        """Whether the file was there at the last refresh."""
        return self._written is not None

    def requested_for(self) -> float | None:
        """For how many seconds the drain has been requested; None if it is not."""
        return None if self._written is None else max(0.0, self._clock() - self._since)

    def expires_in(self) -> float | None:
        """In how many seconds the request ends if it is not repeated; None without a request that ends."""
        if self._written is None or self._expires_after is None:
            return None
        return max(0.0, self._ordered + self._expires_after - self._clock())

    def refresh(self) -> None:
        """Read the file's date, whichever process made the file, and remove a request that has expired."""
        try:
            written = self._path.lstat().st_mtime_ns
        except OSError:
            self._written = None
            return
        if written != self._written:
            # The wall clock is read once a request: setting it later changes no age.
            self._since = self._clock() - max(0.0, self._wall() - written / 1e9)
            self._written = written
            self._ordered = self._clock()
            self._expires_after = self._read_expiry()
        if self.expires_in() == 0.0:
            with suppress(OSError):
                set_marker(self._path, False)
                self._written = None

    def set(self, requested: bool, expires_after: float | None = None) -> None:
        """Make or remove the file. Repeating the order makes the request last longer, and changes no more.

        Raises:
            OSError: the directory cannot be written.
        """
        set_marker(self._path, requested)
        if requested:
            # Before the refresh, which would remove a request that has just expired.
            self._ordered = self._clock()
        self.refresh()
        if requested and expires_after != self._expires_after:
            self._expires_after = expires_after
            # On a full volume the file stays empty: the time is then known until the sidecar restarts.
            with suppress(OSError):
                self._write_expiry()

    def _read_expiry(self) -> float | None:
        try:
            seconds = float(read_file(self._path, _MOST_BYTES))
        except (OSError, ValueError):
            return None
        return seconds if 0 < seconds < float("inf") else None

    def _write_expiry(self) -> None:
        """The date of the file stays that of the request."""
        text = "" if self._expires_after is None else f"{self._expires_after:.0f}"
        descriptor = open_file(self._path, os.O_WRONLY)
        try:
            dates = os.fstat(descriptor)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, text.encode())
            os.utime(descriptor, ns=(dates.st_atime_ns, dates.st_mtime_ns))
        finally:
            os.close(descriptor)
