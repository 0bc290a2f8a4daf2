"""The right size of one group's workers, and how the present size differs from it."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from celery_operator.api.spec import WorkerGroup
from celery_operator.decide.right_size.present import PresentSize
from celery_operator.usage.history import UsageSummary
from celery_operator.usage.quantities import COARSE_BYTES

LEAST_SPAN = timedelta(days=1)
LEAST_MINUTES = 600
"""Of all workers together. A group that is mostly at zero needs longer than a day."""
REQUEST_MARGIN, LIMIT_MARGIN = 1.15, 1.25
MEBIBYTE, GIBIBYTE = 2**20, 2**30
LEAST_MEMORY_MARGIN = 32 * MEBIBYTE
LEAST_CPU = 50

TOO_SMALL, TOO_LARGE = 0.9, 1.5
"""A present value between these shares of the right one is left alone."""
LEAST_MEMORY_SAVING, LEAST_CPU_SAVING = 128 * MEBIBYTE, 200
"""A value that is too large by less is left alone."""

LEAST_BUSY_MINUTES, LEAST_BUSY_SHARE = 60, 0.2
MOSTLY_WAITING = 250
"""Millicores of a busy slot below which its tasks mostly wait for something else."""
SATURATED, ROOMY = 0.9, 0.7
"""Shares of the CPU limit: from the one on, it holds tasks back; below the other there is room for more."""
MOST_CONCURRENCY = 10_000
_FORKS_OR_THREADS = frozenset({"prefork", "threads"})


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes and millicores. ``cpu_request`` is None where the CPU time is not known."""

    memory_request: int
    memory_limit: int
    cpu_request: int | None
    concurrency: int


@dataclass(frozen=True, slots=True)
class SizeChange:
    """What of the present size is to change; None is right as it is."""

    memory_request: int | None = None
    memory_limit: int | None = None
    cpu_request: int | None = None
    concurrency: int | None = None

    def __bool__(self) -> bool:
        return self != SizeChange()


def right_size(group: WorkerGroup, used: UsageSummary, present: PresentSize) -> Size | None:
    """None before there is enough evidence.

    For more slots, memory and CPU grow in proportion. That is more than they need, because the main process
    is there once.
    """
    if used.span < LEAST_SPAN or used.minutes < LEAST_MINUTES:
        return None
    concurrency = _concurrency(group, used, present)
    growth = max(1.0, concurrency / present.concurrency)
    return Size(
        memory_request=_rounded_memory(_with_margin(used.memory * growth, REQUEST_MARGIN)),
        memory_limit=_rounded_memory(_with_margin(used.memory_peak * growth, LIMIT_MARGIN)),
        cpu_request=None if used.millicores is None else _rounded_cpu(used.millicores * growth),
        concurrency=concurrency,
    )


def change_of(size: Size, present: PresentSize) -> SizeChange:
    """What to change so that the size is right; the result is valid: no request exceeds its limit.

    A limit that the spec leaves out stays out: it would be a new risk. A memory request that equals its
    limit still does afterwards.
    """
    limit = _memory_change(present.memory_limit, size.memory_limit) if present.memory_limit else None
    request = _memory_request_change(size, present, limit)
    kept = present.memory_request if request is None else request
    if limit is not None and kept is not None:
        limit = max(limit, ceil(kept))
    return SizeChange(
        memory_request=request,
        memory_limit=limit,
        cpu_request=_cpu_change(size, present),
        concurrency=size.concurrency if size.concurrency != present.concurrency else None,
    )


def _memory_request_change(size: Size, present: PresentSize, limit: int | None) -> int | None:
    in_force = present.memory_limit if limit is None else limit
    if present.memory_request is None:
        # Without a request, the limit is the request.
        return size.memory_request if present.memory_limit is None else None
    if present.memory_request == present.memory_limit:
        return limit
    change = _memory_change(present.memory_request, size.memory_request)
    return change if change is None or in_force is None else min(change, int(in_force))


def _memory_change(present: float | None, right: int) -> int | None:
    return _change(present, right, LEAST_MEMORY_SAVING)


def _cpu_change(size: Size, present: PresentSize) -> int | None:
    if size.cpu_request is None:
        return None
    if present.cpu_limit is None:
        return _change(present.cpu_request, size.cpu_request, LEAST_CPU_SAVING)
    if present.cpu_request is None or present.cpu_request == present.cpu_limit:
        return None
    right = min(size.cpu_request, int(present.cpu_limit))
    return _change(present.cpu_request, right, LEAST_CPU_SAVING)


def _change(present: float | None, right: int, least_saving: int) -> int | None:
    if present is None or present < TOO_SMALL * right:
        return right
    saves = present > TOO_LARGE * right and present - right >= least_saving
    return right if saves else None


def _concurrency(group: WorkerGroup, used: UsageSummary, present: PresentSize) -> int:
    """More slots where all were busy and used little CPU; fewer where they shared too little CPU."""
    slots, limit = present.concurrency, present.cpu_limit
    enough = used.busy_minutes >= max(LEAST_BUSY_MINUTES, LEAST_BUSY_SHARE * used.minutes)
    if group.pool not in _FORKS_OR_THREADS or not enough:
        return slots
    if limit is not None and used.busy_millicores >= SATURATED * limit:
        return max(1, min(slots, ceil(limit / 1000)))
    has_room = limit is None or 2 * used.busy_millicores <= ROOMY * limit
    if used.busy_millicores / slots <= MOSTLY_WAITING and has_room:
        return min(2 * slots, MOST_CONCURRENCY)
    return slots


def _with_margin(memory: float, margin: float) -> float:
    return max(memory * margin, memory + LEAST_MEMORY_MARGIN)


def _rounded_memory(memory: float) -> int:
    step = 32 * MEBIBYTE if memory <= GIBIBYTE else 128 * MEBIBYTE
    if memory > COARSE_BYTES - step:
        step = GIBIBYTE
    return ceil(memory / step) * step


def _rounded_cpu(millicores: float) -> int:
    step = 10 if millicores <= 200 else 50
    return max(LEAST_CPU, ceil(millicores * REQUEST_MARGIN / step) * step)
