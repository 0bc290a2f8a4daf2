"""The usage of one group over weeks: how it grows by a minute, when it is written, and what it shows.

Old weeks go as a whole: a window holds one week, and only the present window and the one before are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery_operator.api.workers.usage import ResourceUsage, UsageWindow
from celery_operator.usage.histogram import CPU, MEMORY, together

WINDOW = timedelta(days=7)
WRITTEN_EVERY = timedelta(minutes=15)
"""The status grows stale by so much, and so much is lost at a restart of the operator."""
REQUEST_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class WorkerMinute:
    """One worker in one minute.

    ``memory`` is the most of the minute, ``memory_peak`` that of the last minutes, in bytes. ``millicores``
    is the mean; None where it is not known. ``busy``: all its slots ran tasks, and more tasks waited in it.
    """

    memory: int
    memory_peak: int
    millicores: float | None
    busy: bool


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """What the windows show together: bytes and millicores.

    ``workers``: the most at a time. ``minutes``: of all workers together. ``busy_millicores``: the mean of a
    worker in its busy minutes.
    """

    span: timedelta
    workers: int
    minutes: int
    memory: int
    memory_peak: int
    millicores: int | None
    busy_minutes: int
    busy_millicores: float


def with_minute(
    usage: ResourceUsage | None, concurrency: int, minutes: Sequence[WorkerMinute], now: datetime
) -> ResourceUsage | None:
    """The usage with one more minute of all workers. It begins anew for another concurrency."""
    if usage is not None and usage.concurrency != concurrency:
        usage = None
    if not minutes:
        return usage
    now = now.replace(microsecond=0)
    windows = usage.windows if usage else ()
    if not windows or abs(now - windows[0].since) >= WINDOW:
        windows = (UsageWindow(since=now), *windows)[:2]
    present = _grown(windows[0], minutes)
    return ResourceUsage(concurrency=concurrency, at=now, windows=(present, *windows[1:]))


def _grown(window: UsageWindow, minutes: Sequence[WorkerMinute]) -> UsageWindow:
    memory, cpu = window.memory, window.cpu
    for one in minutes:
        memory = MEMORY.added(memory, one.memory)
        if one.millicores is not None:
            cpu = CPU.added(cpu, one.millicores)
    busy = [one.millicores for one in minutes if one.busy and one.millicores is not None]
    return UsageWindow(
        since=window.since,
        workers=max(window.workers, len(minutes)),
        minutes=window.minutes + len(minutes),
        memory_peak_bytes=max(
            window.memory_peak_bytes, *(max(one.memory, one.memory_peak) for one in minutes)
        ),
        memory=memory,
        cpu=cpu,
        busy_minutes=window.busy_minutes + len(busy),
        busy_cpu_millicores=window.busy_cpu_millicores + round(sum(busy)),
    )


def to_write(written: ResourceUsage | None, present: ResourceUsage | None) -> ResourceUsage | None:
    """What the status holds next: not every minute is worth a write to the API server."""
    if written is None or present is None or written.concurrency != present.concurrency:
        return present
    return present if abs(present.at - written.at) >= WRITTEN_EVERY else written


def summary(usage: ResourceUsage) -> UsageSummary | None:
    """None where the usage has no sample."""
    windows = usage.windows
    memory: dict[str, int] = {}
    cpu: dict[str, int] = {}
    for window in windows:
        memory, cpu = together(memory, window.memory), together(cpu, window.cpu)
    p95 = MEMORY.quantile(memory, REQUEST_SHARE)
    if p95 is None:
        return None
    peak = max(window.memory_peak_bytes for window in windows)
    busy = sum(window.busy_minutes for window in windows)
    return UsageSummary(
        span=usage.at - min(window.since for window in windows),
        workers=max(window.workers for window in windows),
        minutes=sum(window.minutes for window in windows),
        memory=min(p95, peak) if peak else p95,
        memory_peak=peak or p95,
        millicores=CPU.quantile(cpu, REQUEST_SHARE),
        busy_minutes=busy,
        busy_millicores=sum(window.busy_cpu_millicores for window in windows) / busy if busy else 0.0,
    )
