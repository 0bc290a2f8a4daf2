"""Opens files that another container may have replaced: opening waits for nothing, and follows no link."""

import errno
import os
from pathlib import Path
from stat import S_ISREG

_FLAGS = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class NotRegularError(OSError):
    """There is a pipe, a link, a folder or a device in place of the file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is not a regular file")
        self.strerror = "it is not a regular file"


def open_file(path: Path, flags: int = os.O_RDONLY, mode: int = 0o644, *, links: bool = False) -> int:
    """A descriptor of a regular file. ``links``: follow a link to one.

    Raises:
        NotRegularError: it is none.
        OSError: it cannot be opened.
    """
    try:
        descriptor = os.open(path, flags | _FLAGS | (0 if links else os.O_NOFOLLOW), mode)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotRegularError(path) from error
        raise
    if not S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(path)
    return descriptor


def read_file(path: Path, most_bytes: int, *, links: bool = False) -> bytes:
    """The content, but not more than one byte beyond the limit. Raises as ``open_file``."""
    with os.fdopen(open_file(path, links=links), "rb") as file:
        return file.read(most_bytes + 1)
