"""A request that is the existence of a file: it outlives restarts of the worker and of the sidecar."""

import os
from pathlib import Path


def set_marker(path: Path, present: bool) -> None:
    """Make or remove the file. Repeating it changes nothing.

    Raises:
        OSError: the directory cannot be written.
    """
    if present:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    else:
        path.unlink(missing_ok=True)
