"""The wish that the worker drain: a file, so that it outlives restarts of the worker and of the sidecar."""

import os
from pathlib import Path

DRAIN_FILE = "drain"


class DrainWish:
    """Whether this worker shall stop fetching messages. The agent sees the same file."""

    def __init__(self, directory: Path):
        self._path = directory / DRAIN_FILE
        self.wanted = False
        self.look()

    def look(self) -> None:
        """See what the file says, whoever wrote it."""
        self.wanted = self._path.exists()

    def set(self, wanted: bool) -> None:
        """Make or remove the file. Doing it again changes nothing.

        Raises:
            OSError: the directory cannot be written.
        """
        if wanted:
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        else:
            self._path.unlink(missing_ok=True)
        self.wanted = wanted
