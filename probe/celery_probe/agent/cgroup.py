"""What the kernel shows of the container: its memory, processes killed at the limit, and its CPU time.

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
            ("limit_in_bytes", "max_usage_in_bytes", "oom_control", "usage_in_bytes")
            if is_version_1
            else ("max", "peak", "events", "current")
        )
        self._limit, self._peak, self._events, self._usage = (f"{path}/memory.{name}" for name in names)
        self._stat = f"{path}/memory.stat"
        # In version 1 only these names include the cgroups below, as the usage does.
        self._page_cache = (
            (b"total_inactive_file", b"total_active_file")
            if is_version_1
            else (b"inactive_file", b"active_file")
        )

    def limit_bytes(self) -> int | None:
        """The memory limit; None without one."""
        limit = _whole(_read(self._limit))
        return limit if limit is not None and limit < NO_LIMIT_BYTES else None

    def peak_bytes(self) -> int | None:
        """The most memory that the cgroup has used. Version 2 shows it since Linux 5.19."""
        return _whole(_read(self._peak))

    def oom_kills(self) -> int | None:
        """How many of its processes the kernel has killed because memory was short."""
        return _entry(_read(self._events), b"oom_kill")

    def used_bytes(self) -> int | None:
        """Its memory without the page cache and other caches that the kernel gives up before it kills."""
        usage, stat = _whole(_read(self._usage)), _read(self._stat)
        cached = [_entry(stat, name) for name in self._page_cache]
        if usage is None or None in cached:
            return None
        # Version 1 does not show these slabs.
        cached.append(_entry(stat, b"slab_reclaimable"))
        # The files are read one after the other.
        return max(0, usage - sum(size or 0 for size in cached))


class CpuCgroup:
    """The CPU cgroup at ``path``. A value that cannot be read is None; methods do not raise."""

    def __init__(self, path: str, *, is_version_1: bool) -> None:
        self._path = path
        self._is_version_1 = is_version_1

    def seconds(self) -> float | None:
        """The CPU time that its processes have used since it was made."""
        if self._is_version_1:
            nanoseconds = _whole(_read(f"{self._path}/cpuacct.usage"))
            return None if nanoseconds is None else nanoseconds / 1e9
        microseconds = _entry(_read(f"{self._path}/cpu.stat"), b"usage_usec")
        return None if microseconds is None else microseconds / 1e6


def find(root: str = ROOT, membership: str = MEMBERSHIP) -> MemoryCgroup:
    """The memory cgroup of this process. Where there is none, all its values are None."""
    for path, is_version_1 in _candidates(root, membership, "memory"):
        found = MemoryCgroup(path, is_version_1=is_version_1)
        if found.oom_kills() is not None:
            return found
    return MemoryCgroup(root, is_version_1=False)


def find_cpu(root: str = ROOT, membership: str = MEMBERSHIP) -> CpuCgroup:
    """The CPU cgroup of this process. Where there is none, it shows no time."""
    for path, is_version_1 in _candidates(root, membership, "cpuacct"):
        found = CpuCgroup(path, is_version_1=is_version_1)
        if found.seconds() is not None:
            return found
    return CpuCgroup(root, is_version_1=False)


def _candidates(root: str, membership: str, controller: str) -> Iterator[tuple[str, bool]]:
    """Where the cgroup may be. A container without a cgroup namespace sees the host's path of its cgroup."""
    lines = (_read(membership) or b"").decode(errors="replace").splitlines()
    entries = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    for _, controllers, path in entries:
        if controller in controllers.split(","):
            # Its mount has the name of all controllers that share it, or of one of them.
            for mount in dict.fromkeys((controllers, controller)):
                yield f"{root}/{mount}{path}".rstrip("/"), True
                yield f"{root}/{mount}", True
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


def _entry(text: bytes | None, name: bytes) -> int | None:
    """The number after this name, in a file of one name and number a line."""
    for line in (text or b"").splitlines():
        if line.startswith(name + b" "):
            return _whole(line[len(name) + 1 :])
    return None


def _whole(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.strip().isdigit() else None
