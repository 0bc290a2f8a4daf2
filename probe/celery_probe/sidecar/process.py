"""Whether the worker's main process lives, told by the POSIX record lock that it holds for its life.

The kernel gives the lock up when the process ends, however it ends, and a forked child does not inherit it.
The sidecar only asks who holds it (F_GETLK) and never takes it, so it cannot stand in the worker's way.
"""

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from celery_health.verdicts.worker import ProcessState

# struct flock on 64-bit Linux: l_type, l_whence, l_start, l_len, l_pid, padding. Length 0 is the whole file.
_FLOCK = struct.Struct("hhqqi4x")
_QUESTION = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class LockSighting:
    """One look at the lock. ``holder`` is the holder's pid, 0 where it lives in another pid namespace."""

    state: ProcessState
    holder: int = 0


def look_at_lock(path: Path) -> LockSighting:
    """Who holds the lock on the file at ``path``. A file that is not there or not readable is UNSEEN."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return LockSighting(ProcessState.UNSEEN)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, _QUESTION)
    except OSError:
        return LockSighting(ProcessState.UNSEEN)
    finally:
        os.close(descriptor)
    kind, _whence, _start, _length, holder = _FLOCK.unpack(answer)
    if kind == fcntl.F_UNLCK:
        return LockSighting(ProcessState.ENDED)
    return LockSighting(ProcessState.RUNNING, holder)
