"""MemoryNearLimit: the warning before the kernel kills a process of a worker."""

from math import ceil

from celery_health.catalogue.sizing import SizeReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.decide.evidence.worker_state import Worker, WorkerState
from celery_operator.decide.right_size.present import LIMITS, REQUESTS, PresentSize, patch
from celery_operator.snapshot import Snapshot
from celery_operator.usage.quantities import memory_text

RAISED_BY = 1.5
ROUNDED = 1.01
"""The kernel cuts a limit to whole pages."""
STEP = 64 * 2**20
_ALIVE = frozenset(
    {
        WorkerState.CONSUMING,
        WorkerState.CONSUMPTION_UNKNOWN,
        WorkerState.DEAF,
        WorkerState.DRAINING,
        WorkerState.STALLED,
    }
)


def memory_near_limit(worker: Worker, snapshot: Snapshot) -> Verdict | None:
    """The verdict on one worker, by the highest use of the last minutes."""
    report = worker.pod.reading.report if worker.pod.reading else None
    if report is None or worker.state not in _ALIVE:
        return None
    used, limit = report.memory_high_bytes, report.memory_limit_bytes
    if used is None or not limit or used * 100 < limit * snapshot.spec.health.memory_warning_percent:
        return None
    group = next(one for one in snapshot.spec.workers if one.name == worker.pod.group)
    present = PresentSize.of(group)
    if present.memory_limit is not None and present.memory_limit > limit * ROUNDED:
        return None  # a pod of an earlier template
    proposed = memory_text(ceil(limit * RAISED_BY / STEP) * STEP)
    # A request that equals its limit gives the pod a better class of service.
    kinds = (LIMITS, REQUESTS) if present.memory_request == present.memory_limit else (LIMITS,)
    return Verdict(
        SizeReason.MEMORY_NEAR_LIMIT,
        (worker.pod.name,),
        {
            "used": memory_text(used),
            "limit": memory_text(limit),
            "share": f"{min(100, round(used * 100 / limit))}%",
            "group": group.name,
            "proposed": proposed,
            "patch": patch(snapshot.spec, group.name, {(kind, "memory"): proposed for kind in kinds}, None),
        },
        variant="in_template" if present.in_template else "",
    )
