"""What the kernel shows of the container's memory: its limit, its peak, and processes killed at the limit.

Both versions of cgroups are read. A container sees its own cgroup where the host has the hierarchy's root.
"""

from __future__ import annotations

from typing import Iterator

from celery_probe.agent import natives

ROOT = "/sys/fs/cgroup"
MEMBERSHIP = "/proc/self/cgroup"
# A cgroup of version 1 without a limit has the largest number of pages as its limit.
NO_LIMIT_BYTES = 1 << 60
LONGEST_FILE = 4096


class MemoryCgroup:
    """The memory cgroup at ``path``. A value that cannot be read is None; methods do not raise."""

    def __init__(self, path: str, *, is_version_1: bool) -> None:
        names = (
            ("memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control")
            if is_version_1
            else ("memory.max", "memory.peak", "memory.events")
        )
        self._limit, self._peak, self._events = (f"{path}/{name}" for name in names)

    def limit_bytes(self) -> int | None:
        """The memory limit; None without one."""
        limit = _whole(_read(self._limit))
        return limit if limit is not None and limit < NO_LIMIT_BYTES else None

    def peak_bytes(self) -> int | None:
        """The most memory that the cgroup has used. Version 2 shows it since Linux 5.19."""
        return _whole(_read(self._peak))

    def oom_kills(self) -> int | None:
        """How many of its processes the kernel has killed because memory was short."""
        for line in (_read(self._events) or b"").splitlines():
            if line.startswith(b"oom_kill "):
                return _whole(line[len(b"oom_kill ") :])
        return None


def find(root: str = ROOT, membership: str = MEMBERSHIP) -> MemoryCgroup:
    """The memory cgroup of this process. Where there is none, all its values are None."""
    for path, is_version_1 in _candidates(root, (_read(membership) or b"").decode(errors="replace")):
        found = MemoryCgroup(path, is_version_1=is_version_1)
        if found.oom_kills() is not None:
            return found
    return MemoryCgroup(root, is_version_1=False)


def _candidates(root: str, membership: str) -> Iterator[tuple[str, bool]]:
    """Where the cgroup may be. A container without a cgroup namespace sees the host's path of its cgroup."""
    entries = [line.split(":", 2) for line in membership.splitlines() if line.count(":") >= 2]
    for _, controllers, path in entries:
        if "memory" in controllers.split(","):
            yield f"{root}/memory{path}".rstrip("/"), True
            yield f"{root}/memory", True
    for _, controllers, path in entries:
        if not controllers:
            yield f"{root}{path}".rstrip("/"), False
            yield root, False


def _read(path: str) -> bytes | None:
    try:
        # The built-in open() is a green one under eventlet.
        descriptor = natives.open_descriptor(path, natives.O_RDONLY)
    except OSError:
        return None
    try:
        return natives.read(descriptor, LONGEST_FILE)
    except OSError:
        return None
    finally:
        natives.close_descriptor(descriptor)


def _whole(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.strip().isdigit() else None
