"""A request that is the existence of a file: it outlives restarts of the worker and of the sidecar."""

import os
from pathlib import Path

from celery_probe.sidecar.regular_file import open_file


def set_marker(path: Path, present: bool) -> None:
    """Make or remove the file. Repeating it changes nothing.

    Raises:
        OSError: the directory cannot be written.
    """
    if present:
        os.close(open_file(path, os.O_CREAT | os.O_WRONLY))
    else:
        path.unlink(missing_ok=True)
