"""What the agent reports of a worker, gathered in the thread of ``report_thread`` and under its rules."""

from __future__ import annotations

import sys
from typing import Any

from celery_probe.agent import memory, natives, stack
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.report_thread import ReportThread
from celery_probe.agent.worker import pool, transport
from celery_probe.agent.worker.container import ContainerUse
from celery_probe.agent.worker.state import Worker, phase

CHILDREN_PERIOD_SECONDS = 5.0
# Several reports a second are about tasks that began. The pool is read once a second all the same.
POOL_PERIOD_SECONDS = 0.9
# The share of a processor that counting the timer's entries may take: with 100,000 of them it takes a while.
ETA_COUNT_SHARE = 0.005


class WorkerReporter(ReportThread):
    """Reports on a worker."""

    role = "worker"

    def __init__(
        self, worker: Worker, directory: ReportDirectory, errors: ErrorLog, container: ContainerUse
    ) -> None:
        super().__init__(worker, directory, errors)
        self._worker = worker
        self._started = natives.monotonic()
        self._container = container
        self._pool_due = 0.0
        self._progress: Any = None
        self._pool = pool.PoolWatch()
        self._children_memory: int | None = None
        self._children_due = 0.0
        self._eta = (0, 0)
        self._eta_count_due = 0.0

    def details(self) -> dict[str, Any]:
        """The fields of this report that no other report has."""
        worker = self._worker
        standing_since = worker.loop_mono if worker.connected else worker.loop_due_mono
        report: dict[str, Any] = {
            "hostname": worker.hostname,
            "phase": phase(worker, sys.modules.get("celery.worker.state")),
            "loop_mono": worker.loop_mono,
            "loop_due_mono": worker.loop_due_mono,
            "loop_waits_for": self._waits_for(
                standing_since, worker.loop_thread, worker.loop_greenlet, stack.waits_for
            ),
            "consumer_starts": worker.consumer_starts,
            "consuming": worker.fetching if worker.connected else False,
            "queues": worker.queues,
            "fetched_mono": worker.fetched_mono,
            "answered_mono": worker.answered_mono,
            "prefetch": worker.prefetch,
            "initial_prefetch": worker.initial_prefetch,
            "transport": worker.evidence,
            "started_mono": self._started,
            "quarantined_total": worker.quarantined_total,
            "quarantine_waiting": worker.quarantine_waiting,
            "quarantine_problem": worker.quarantine_problem,
            "task_events": worker.task_events,
            "ended_by": worker.ended_by,
        }
        report.update(self._task_report())
        report.update(self._pool_report(report["progress_mono"]))
        with self._errors.caught("deaths"):
            report.update(worker.deaths.report(natives.monotonic(), self._runs))
        with self._errors.caught("container"):
            report.update(self._container.report(natives.monotonic()))
        return report

    def _pool_report(self, progress: float | None) -> dict[str, Any]:
        report: dict[str, Any] = {
            "pool_kind": "",
            "pool_size": 0,
            "pool_pids": [],
            "pool_births": 0,
            "pool_alive_mono": None,
            "children_memory_bytes": None,
        }
        workers = getattr(self._worker.controller, "pool", None)
        if workers is None:
            return report
        with self._errors.caught("pool"):
            report["pool_kind"] = pool.kind(workers)
            most = getattr(self._worker.controller, "max_concurrency", None)
            report["pool_size"] = max(pool.size(workers), int(most or 0))
            self._note_pool(workers, progress)
            report["pool_pids"] = self._pool.pids
            report["pool_births"] = self._pool.births
            report["pool_alive_mono"] = self._pool.alive_mono
            report["children_memory_bytes"] = self._memory_of(report["pool_pids"])
        return report

    def _note_pool(self, workers: Any, progress: float | None) -> None:
        now = natives.monotonic()
        # A task that begins ends the count of births at once.
        if now >= self._pool_due or self._pool.births:
            self._pool_due = now + POOL_PERIOD_SECONDS
            self._pool.note(workers, progress, now)

    def _runs(self, name: str) -> int:
        tasks = sys.modules.get("celery_probe.agent.worker.tasks")
        return int(tasks.runs(name)) if tasks else 0

    def _memory_of(self, pids: list[int]) -> int | None:
        now = natives.monotonic()
        if now >= self._children_due:
            self._children_due = now + CHILDREN_PERIOD_SECONDS
            self._children_memory = memory.resident_bytes_of_all(pids) if pids else None
        return self._children_memory

    def _task_report(self) -> dict[str, Any]:
        report: dict[str, Any] = {
            "active": [],
            "active_count": 0,
            "reserved": 0,
            "eta": 0,
            "eta_due": 0,
            "processed": 0,
            "progress_mono": None,
        }
        consumer = self._worker.consumer
        if consumer is None:
            return report
        tasks = sys.modules["celery_probe.agent.worker.tasks"]
        with self._errors.caught("tasks"):
            active = tasks.active_requests()
            report["active_count"] = len(active)
            report["active"] = [self._describe(tasks, request) for request in tasks.shown(active)]
            report["progress_mono"] = self._progress_mono(tasks, len(active))
            report["reserved"] = tasks.reserved_count(active, list(consumer.task_buckets.values()))
            report["processed"] = tasks.processed()
            report["eta"], report["eta_due"] = self._count_eta(tasks, consumer.timer)
        return report

    def _describe(self, tasks: Any, request: Any) -> dict[str, Any]:
        described: dict[str, Any] = {**tasks.describe(request, self._worker.controller), "queue": ""}
        with self._errors.caught("queue"):
            described["queue"] = transport.queue_of(self._worker.consumer, request)
        return described

    def _progress_mono(self, tasks: Any, active: int) -> float | None:
        if self._progress is None:
            self._progress = tasks.Progress()
        self._progress.note(active, natives.monotonic())
        progressed: float | None = self._progress.mono
        return progressed

    def _count_eta(self, tasks: Any, timer: Any) -> tuple[int, int]:
        now = natives.monotonic()
        if now >= self._eta_count_due:
            # The thread's own time: a pause of the thread is no reason to count less often.
            began = natives.thread_time()
            self._eta = tasks.eta_counts(timer, now)
            took = natives.thread_time() - began
            self._eta_count_due = now + took / ETA_COUNT_SHARE
        return self._eta
