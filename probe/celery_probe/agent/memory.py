"""Resident memory of processes, from /proc."""

from __future__ import annotations

from os import sysconf
from typing import Iterable

from celery_probe.agent import natives

PAGE_BYTES = sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process in bytes, shared pages included; None if it ended."""
    try:
        # The built-in open() is a green one under eventlet.
        descriptor = natives.open_descriptor(f"/proc/{pid}/statm", natives.O_RDONLY)
    except OSError:
        return None
    try:
        return int(natives.read(descriptor, 128).split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return None
    finally:
        natives.close_descriptor(descriptor)


def resident_bytes_of_all(pids: Iterable[int]) -> int:
    """The sum over the processes that still live."""
    return sum(resident_bytes(pid) or 0 for pid in pids)
