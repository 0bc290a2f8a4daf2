"""What the worker's container uses of memory and CPU, as the report shows it."""

from __future__ import annotations

from typing import Any

from celery_probe.agent.cgroup import CpuCgroup, MemoryCgroup

# Several reports a second are about tasks that began. Memory is read once a second all the same.
MEMORY_PERIOD_SECONDS = 0.9
PERIOD_SECONDS = 5.0
PEAK_SECONDS = 300.0


class RecentPeak:
    """The highest of the values of the last ``PEAK_SECONDS``, or of up to twice that."""

    def __init__(self) -> None:
        self.value: int | None = None
        self._present: int | None = None
        self._before: int | None = None
        self._ends: float | None = None

    def note(self, value: int, now: float) -> None:
        """Take in a value."""
        if self._ends is None or now >= self._ends + PEAK_SECONDS:
            self._present, self._before, self._ends = None, None, now + PEAK_SECONDS
        elif now >= self._ends:
            self._present, self._before, self._ends = None, self._present, self._ends + PEAK_SECONDS
        self._present = max(value, self._present or 0)
        self.value = max(self._present, self._before or 0)


class ContainerUse:
    """Reads the files of the cgroups, each at its own pace."""

    def __init__(self, memory: MemoryCgroup, cpu: CpuCgroup) -> None:
        self._memory = memory
        self._cpu = cpu
        self._high = RecentPeak()
        self._used: dict[str, Any] = {}
        self._used_due = 0.0
        self._rest: dict[str, Any] = {}
        self._rest_due = 0.0

    def report(self, now: float) -> dict[str, Any]:
        """The fields of the report."""
        if now >= self._used_due:
            self._used_due = now + MEMORY_PERIOD_SECONDS
            used = self._memory.used_bytes()
            if used is not None:
                self._high.note(used, now)
            self._used = {"memory_used_bytes": used, "memory_high_bytes": self._high.value}
        if now >= self._rest_due:
            self._rest_due = now + PERIOD_SECONDS
            self._rest = {
                "memory_limit_bytes": self._memory.limit_bytes(),
                "memory_peak_bytes": self._memory.peak_bytes(),
                "oom_kills": self._memory.oom_kills(),
                "cpu_seconds": self._cpu.seconds(),
            }
        return {**self._used, **self._rest}
