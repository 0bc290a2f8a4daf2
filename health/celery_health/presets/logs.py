"""Rotating log files, for machines where the output of workers is not collected."""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from celery import signals

from celery_health.presets.preset import PresetError

if sys.platform != "win32":
    import fcntl

MAX_BYTES = 10 * 1024 * 1024
BACKUPS = 5
# The loggers of received tasks, of their outcome, and of the tasks themselves.
TASK_LOGGERS = ("celery.task", "celery.app.trace", "celery.worker.strategy")

_FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(message)s"
_UID = "celery_health.presets.log_files"

log = logging.getLogger(__name__)


class SharedRotatingFileHandler(RotatingFileHandler):
    """A rotating file that several processes write: a worker, its children, and beat beside it.

    The standard library's handler loses lines there: one process renames the file, the others write on in
    the renamed one, and rotate it once more. Here a lock file makes each line and each rotation one step,
    and a process whose file was renamed opens the new one first. Costs two system calls a line.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. Errors go to stderr, as logging does it, and are never raised."""
        try:
            with self._alone():
                self._follow()
                super().emit(record)
        except OSError:
            self.handleError(record)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if sys.platform == "win32":
            yield
            return
        # Opened each time: a descriptor kept over a fork would be one lock for all children.
        with Path(f"{self.baseFilename}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _follow(self) -> None:
        """Leave a file that another process has renamed."""
        if self.stream is None:  # type: ignore[redundant-expr,unused-ignore]
            return
        try:
            current = Path(self.baseFilename).stat()
        except FileNotFoundError:
            current = None
        own = os.fstat(self.stream.fileno())
        if current is None or (current.st_dev, current.st_ino) != (own.st_dev, own.st_ino):
            self.stream.close()
            self.stream = self._open()
        # From Python 3.13 on, shouldRollover takes the stream's position for the size of the file, and the
        # position does not count the lines that other processes have appended.
        self.stream.seek(0, os.SEEK_END)


def log_files(
    directory: str | os.PathLike[str] = "logs", *, max_bytes: int = MAX_BYTES, backups: int = BACKUPS
) -> None:
    """Write ``celery.log`` (workers and beat) and ``celery_tasks.log`` (tasks) in ``directory``.

    Each file is rotated at 10 MB, and five old files are kept. Celery's own output does not change. If the
    directory cannot be written, the worker logs a warning and runs without files.

    Do not use it on Kubernetes: the files use the pod's disk and are deleted with the pod, and ``kubectl
    logs`` has every line.

    Raises:
        PresetError: a number below 1.
    """
    for name, number in (("max_bytes", max_bytes), ("backups", backups)):
        if number < 1:
            raise PresetError(f"{name}={number}: use 1 or more.")
    # A detached worker changes its directory later.
    folder = Path(directory).absolute()

    def everything(logger: logging.Logger, **_: Any) -> None:
        _add(_handler(folder / "celery.log", max_bytes, backups), (logger,))

    def tasks(**_: Any) -> None:
        loggers = (logging.getLogger(name) for name in TASK_LOGGERS)
        _add(_handler(folder / "celery_tasks.log", max_bytes, backups), loggers)

    _connect(signals.after_setup_logger, everything)
    _connect(signals.after_setup_task_logger, tasks)


def _handler(file: Path, max_bytes: int, backups: int) -> logging.Handler | None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = SharedRotatingFileHandler(file, maxBytes=max_bytes, backupCount=backups, encoding="utf-8")
    except OSError as error:
        log.warning("No log file %s: %s", file, error.strerror or error)
        return None
    handler.setFormatter(logging.Formatter(_FORMAT))
    return handler


def _add(handler: logging.Handler | None, loggers: Iterable[logging.Logger]) -> None:
    if handler is not None:
        for logger in loggers:
            logger.addHandler(handler)


def _connect(signal: Any, receiver: Callable[..., None]) -> None:
    # The id makes a second call replace the first.
    signal.disconnect(dispatch_uid=_UID)
    signal.connect(receiver, weak=False, dispatch_uid=_UID)
