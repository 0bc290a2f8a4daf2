"""One monitor for each SQLite file: the lock that says so, beside the file."""

import fcntl
import os
import stat
from pathlib import Path

from celery_monitor.history.errors import HistoryError


class FileLock:
    """Locks a database file until ``release`` or the end of the process. Raises HistoryError."""

    def __init__(self, file: Path):
        _refuse_special(file)
        try:
            # The history has arguments of tasks: other users of the machine must not read it.
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise HistoryError(
                f"The folder {file.parent} cannot be written ({error.strerror}): give this user the right to "
                "write in it, or name a file in another folder"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise HistoryError(
                f"Another celery-monitor is using the file {file}: stop it, name another file, or use "
                "PostgreSQL for several monitors"
            ) from None
        try:
            _create(file)
        except HistoryError:
            self.release()
            raise

    def release(self) -> None:
        """Let another monitor use the file."""
        os.close(self._descriptor)


def _refuse_special(file: Path) -> None:
    """Refuse a device, a pipe or a socket: SQLite would wait for ever, or lose everything."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise HistoryError(f"{file} is not a regular file: name a file on a disk")


def _create(file: Path) -> None:
    """Create the file, unless it is there. SQLite gives the files beside it the same permissions."""
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except IsADirectoryError:
        raise HistoryError(f"{file} is a folder: name a file") from None
    except OSError as error:
        raise HistoryError(
            f"The file {file} cannot be written ({error.strerror}): give this user the right to write it, or "
            "name another file"
        ) from None
