"""The answer of a worker to ``stats``."""

from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any

_MOST_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class WorkerStats:
    """None where the worker does not say it.

    ``slots``: how many tasks it runs at one time now. ``most_slots``: up to how many it grows by itself, with
    ``--autoscale``; otherwise the same. ``pool``: such as ``prefork``. ``uptime`` of its process in seconds.
    ``started``: how many tasks it has started since it runs.
    """

    slots: int | None = None
    most_slots: int | None = None
    pool: str | None = None
    prefetch: int | None = None
    pid: int | None = None
    uptime: int | None = None
    started: int | None = None


def read_stats(answer: object) -> WorkerStats:
    """From the answer to ``stats``, or from the answers of workers of one name, joined."""
    stats = _dict(answer)
    pool, most = _dict(stats.get("pool")), _number(_dict(stats.get("autoscaler")).get("max"))
    slots = _slots(pool)
    return WorkerStats(
        slots=slots,
        most_slots=slots if most is None else max(most, slots or 0),
        pool=_pool(pool.get("implementation")),
        prefetch=_number(stats.get("prefetch_count")),
        pid=_number(stats.get("pid")),
        uptime=_number(stats.get("uptime")),
        started=_sum(stats.get("total")),
    )


def _slots(pool: Mapping[str, Any]) -> int | None:
    """Of a prefork pool its processes: ``max-concurrency`` is the size that it was started with."""
    processes = pool.get("processes")
    if isinstance(processes, list) and processes:
        return len(processes)
    return _number(pool.get("max-concurrency"))


def _sum(by_name: object) -> int | None:
    return sum(_number(one) or 0 for one in by_name.values()) if isinstance(by_name, dict) else None


def _pool(implementation: object) -> str | None:
    """``prefork`` of ``celery.concurrency.prefork:TaskPool``."""
    if not isinstance(implementation, str) or not implementation:
        return None
    module = implementation.partition(":")[0].rpartition(".")[2]
    return intern(module[:_MOST_CHARACTERS])


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**53 else None
