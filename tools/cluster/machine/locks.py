"""One at a time: a file lock that the kernel drops when its holder dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.cluster.progress import say


@contextmanager
def exclusive(path: Path, what: str) -> Iterator[None]:
    """Lock the file for the block; say so when another process has the lock and we have to wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  waiting for another process that is busy with {what}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
