"""Usage as many minutes of many workers leave it."""

from datetime import UTC, datetime, timedelta

from celery_operator.api.workers.usage import ResourceUsage
from celery_operator.usage.history import WorkerMinute, with_minute

MEBIBYTE = 2**20
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def minute(
    memory: int = 300, peak: int = 0, millicores: float | None = 200, *, busy: bool = False
) -> WorkerMinute:
    """``memory`` and ``peak`` in MiB."""
    return WorkerMinute(memory * MEBIBYTE, peak * MEBIBYTE, millicores, busy)


def usage_of(
    *minutes: WorkerMinute, days: float = 6, steps: int = 200, concurrency: int = 4
) -> ResourceUsage:
    """These workers, again and again over this number of days."""
    usage = None
    for step in range(steps + 1):
        usage = with_minute(usage, concurrency, minutes, BEGAN + timedelta(days=days) * step / steps)
    assert usage
    return usage
