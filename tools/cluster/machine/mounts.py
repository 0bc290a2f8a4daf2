"""What is mounted where."""

import ctypes
import os
from pathlib import Path

MNT_DETACH = 2


def mounts_below(*folders: Path) -> list[Path]:
    """Mount points inside the folders, the deepest first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [Path(line.split()[4].encode().decode("unicode_escape")) for line in lines]
    inside = {point for point in points if any(point.is_relative_to(folder) for folder in folders)}
    return sorted(inside, reverse=True)


def detach(point: Path) -> None:
    """Unmount it even while it is used. Raises OSError.

    The system call itself: the command `umount` reads the mounts of the whole machine, for each point again.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(point), MNT_DETACH) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(point))
