"""The files in which workers keep their task metrics: numbered places in one folder.

A worker holds the lock of its place as long as its process lives. The next worker that starts takes the first
place whose lock is free, and goes on from the numbers there. So counters do not go back when a worker is
restarted, and there are never more files than workers that lived at one time.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from celery_health.wire.documents import UnreadableError
from celery_health.wire.task_metrics import DOCUMENT_BYTES, TASK_METRICS, TaskMetrics

PLACES = 16
"""Workers that can share a folder."""

READABLE_BY_ALL = 0o644
ENTERABLE_BY_ALL = 0o755


class NoPlaceError(OSError):
    """The locks of all places are held, or none may be opened."""


@dataclass(frozen=True, slots=True)
class Found:
    """The documents of a folder, and the number of files in it that could not be read."""

    documents: tuple[TaskMetrics, ...]
    unreadable: int


def read_folder(folder: Path, most_bytes: int = DOCUMENT_BYTES * PLACES) -> Found:
    """Read the files of all places; what exceeds ``most_bytes`` together counts as unreadable.

    Never raises for what it finds: the files may be of hostile code.
    """
    documents: list[TaskMetrics] = []
    unreadable = 0
    for path in _files(folder):
        try:
            data = _read(path, min(DOCUMENT_BYTES, most_bytes))
            most_bytes -= len(data)
            documents.append(TASK_METRICS.decode(data))
        except FileNotFoundError:
            continue
        except (OSError, UnreadableError):
            unreadable += 1
    return Found(tuple(documents), unreadable)


class Place:
    """The place that this process holds in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> TaskMetrics:
        """What the worker before has left here.

        Raises:
            OSError: nothing, or it cannot be read.
            UnreadableError: it does not follow the contract.
        """
        return TASK_METRICS.decode(_read(self._path, DOCUMENT_BYTES))

    def write(self, data: bytes) -> None:
        """Replace the file, atomically for its readers. Raises OSError where that is not possible."""
        unfinished = self._path.with_suffix(".new")
        with suppress(FileNotFoundError):
            unfinished.unlink()
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READABLE_BY_ALL)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, READABLE_BY_ALL)
            file.write(data)
        unfinished.replace(self._path)


def take_place(folder: Path) -> Place:
    """Hold a place of the folder until this process ends. Call it once: a record lock belongs to the process.

    Raises:
        NoPlaceError: all places are held by other processes.
        OSError: the folder cannot be made.
    """
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
        folder.chmod(ENTERABLE_BY_ALL)
    for path in _files(folder):
        with suppress(OSError):
            # It stays open until the process ends; pool children do not inherit a record lock.
            descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, READABLE_BY_ALL)
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                raise
            return Place(path)
    raise NoPlaceError(f"{folder}: {PLACES} workers write there already, or no file can be made there.")


def _files(folder: Path) -> Iterator[Path]:
    return (folder / f"{number}.json" for number in range(PLACES))


def _read(path: Path, limit: int) -> bytes:
    """At most one byte more than the limit. Opening waits for nothing, and follows no link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        if not S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a regular file.")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise UnreadableError(f"{path} is larger than {limit} bytes.")
    return data
