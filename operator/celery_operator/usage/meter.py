"""Samples what the workers of one resource use, once a minute."""

from collections.abc import Mapping
from datetime import datetime

from celery_health.wire.worker_report import Phase, WorkerReport
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.api.workers.usage import ResourceUsage
from celery_operator.snapshot import PodState
from celery_operator.usage.histogram import CPU
from celery_operator.usage.history import WorkerMinute, with_minute

MINUTE_SECONDS = 60.0
FRESH_SECONDS = 10.0
LEAST_CPU_SECONDS = 30.0
"""The shortest time over which the CPU time of a worker is compared."""
_AT_WORK = frozenset({Phase.CONSUMING, Phase.DRAINING})


class UsageMeter:
    """Remembers the readings of one minute, and the usage since the operator's start or before.

    The usage before comes from the status. ``mono``: seconds of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._usages: dict[str, ResourceUsage] | None = None
        self._workers: dict[str, _MeteredWorker] = {}
        self._minute_began = 0.0

    def update(
        self,
        spec: CeleryDeploymentSpec,
        previous: CeleryDeploymentStatus,
        pods: tuple[PodState, ...],
        now: datetime,
        mono: float,
    ) -> Mapping[str, ResourceUsage]:
        """Take in the readings of one reconcile; the usage by group."""
        if self._usages is None:
            self._usages = {group.name: group.usage for group in previous.workers if group.usage}
            self._minute_began = mono
        slots = {group.name: group.slots for group in spec.workers}
        at_work: dict[str, list[_MeteredWorker]] = {name: [] for name in slots}
        workers: dict[str, _MeteredWorker] = {}
        for pod in pods:
            report = _report_at_work(pod)
            # A pod of an earlier template may have another concurrency.
            if report is None or report.pool_size != slots.get(pod.group):
                continue
            worker = workers[pod.uid] = self._workers.get(pod.uid) or _MeteredWorker()
            worker.note(report)
            at_work[pod.group].append(worker)
        self._workers = workers
        if mono - self._minute_began >= MINUTE_SECONDS:
            self._minute_began = mono
            before, self._usages = self._usages, {}
            for group, concurrency in slots.items():
                minutes = [one for worker in at_work[group] if (one := worker.minute())]
                usage = with_minute(before.get(group), concurrency, minutes, now)
                if usage is not None:
                    self._usages[group] = usage
        return dict(self._usages)


class _MeteredWorker:
    """The readings of one worker since the last full minute."""

    def __init__(self) -> None:
        self._written: float | None = None
        self._cpu_since: tuple[float, float] | None = None
        self._cpu: tuple[float, float] | None = None
        self._memory = 0
        self._peak = 0
        self._busy: list[bool] = []

    def note(self, report: WorkerReport) -> None:
        """Take in a report, once."""
        if report.memory_used_bytes is None or report.written_mono == self._written:
            return
        self._written = report.written_mono
        self._memory = max(self._memory, report.memory_used_bytes)
        self._peak = report.memory_high_bytes or 0
        self._busy.append(report.active_count >= report.pool_size and report.reserved > 0)
        if report.cpu_seconds is not None:
            self._cpu = (report.written_mono, report.cpu_seconds)
            # Another container, or another node's clock.
            if self._cpu_since is None or self._cpu < self._cpu_since or self._cpu[1] < self._cpu_since[1]:
                self._cpu_since = self._cpu

    def minute(self) -> WorkerMinute | None:
        """The minute that ends now; None without a reading in it."""
        if not self._busy:
            return None
        minute = WorkerMinute(self._memory, self._peak, self._millicores(), all(self._busy))
        self._memory, self._busy = 0, []
        return minute

    def _millicores(self) -> float | None:
        if self._cpu is None or self._cpu_since is None:
            return None
        seconds = self._cpu[0] - self._cpu_since[0]
        if seconds < LEAST_CPU_SECONDS:
            return None
        used = self._cpu[1] - self._cpu_since[1]
        self._cpu_since = self._cpu
        return min(used / seconds * 1000, CPU.bound(CPU.last))


def _report_at_work(pod: PodState) -> WorkerReport | None:
    """The fresh report of a worker that has started and is not about to end."""
    reading = pod.reading
    if reading is None or reading.report is None or pod.deleting or reading.age > FRESH_SECONDS:
        return None
    return reading.report if reading.report.phase in _AT_WORK else None
