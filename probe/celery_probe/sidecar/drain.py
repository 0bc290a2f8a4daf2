"""The wish that the worker drain: a file, so that it outlives restarts of the worker and of the sidecar."""

import os
import time
from collections.abc import Callable
from pathlib import Path

DRAIN_FILE = "drain"


class DrainWish:
    """Whether this worker shall stop fetching messages. The agent sees the same file.

    ``clock`` gives seconds of CLOCK_MONOTONIC, ``wall`` Unix time, which the file is dated in.
    """

    def __init__(
        self,
        directory: Path,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ):
        self._path = directory / DRAIN_FILE
        self._clock = clock
        self._wall = wall
        self._written: int | None = None
        self._since = 0.0
        self.look()

    @property
    def wanted(self) -> bool:
        """Whether the wish stood at the last look."""
        return self._written is not None

    def wanted_for(self) -> float | None:
        """For how many seconds the wish has stood; None if it does not."""
        return None if self._written is None else max(0.0, self._clock() - self._since)

    def look(self) -> None:
        """See what the file says, whoever wrote it."""
        try:
            written = self._path.stat().st_mtime_ns
        except OSError:
            self._written = None
            return
        if written != self._written:
            # Asked once a wish: a wall clock that is set later changes no age.
            self._since = self._clock() - max(0.0, self._wall() - written / 1e9)
            self._written = written

    def set(self, wanted: bool) -> None:
        """Make or remove the file. Doing it again changes nothing.

        Raises:
            OSError: the directory cannot be written.
        """
        if wanted:
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        else:
            self._path.unlink(missing_ok=True)
        self.look()
