"""Whether the main process of the worker or beat lives, by the POSIX record lock that the process holds.

The kernel releases the lock when the process ends, however it ends, and a forked child does not inherit it.
The sidecar only asks which process holds the lock (F_GETLK). It never takes the lock, so it cannot block the
process.
"""

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from celery_health.wire.answers import ProcessState
from celery_probe.sidecar.regular_file import open_file

# struct flock on 64-bit Linux: l_type, l_whence, l_start, l_len, l_pid, padding. Length 0 is the whole file.
_FLOCK = struct.Struct("hhqqi4x")
_REQUEST = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class LockReading:
    """The lock at one moment. ``holder`` is the holder's pid, 0 if that is in another pid namespace."""

    state: ProcessState
    holder: int = 0


def read_lock(path: Path) -> LockReading:
    """Which process holds the lock on the file at ``path``. A missing or unreadable file is UNSEEN, and so is
    anything but a regular file.
    """
    try:
        descriptor = open_file(path)
    except OSError:
        return LockReading(ProcessState.UNSEEN)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, _REQUEST)
    except OSError:
        return LockReading(ProcessState.UNSEEN)
    finally:
        os.close(descriptor)
    kind, _whence, _start, _length, holder = _FLOCK.unpack(answer)
    if kind == fcntl.F_UNLCK:
        return LockReading(ProcessState.ENDED)
    return LockReading(ProcessState.RUNNING, holder)
