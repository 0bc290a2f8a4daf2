"""The worker's numbers, for Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass

from celery_health.exposition import Family
from celery_health.task_metrics.families import families as task_families
from celery_health.task_metrics.files import Found
from celery_health.wire.worker_report import WorkerReport
from celery_probe.sidecar.metrics.exposition import Sample, families
from celery_probe.sidecar.metrics.process import ProcessNumbers, process_samples


@dataclass(frozen=True, slots=True)
class WorkerNumbers:
    """What one scrape shows. Ages are seconds; None means not known. ``tasks``: the task metrics."""

    process: ProcessNumbers
    report: WorkerReport | None
    consuming: bool | None
    loop_age: float | None
    drain_requested: bool
    idle: float | None
    tasks: Found


def worker_families(numbers: WorkerNumbers) -> Iterator[Family]:
    """What a scrape shows."""
    yield from families(
        (
            *process_samples("worker", numbers.process),
            *_of_the_sidecar(numbers),
            *_of_the_report(numbers.report),
        )
    )
    yield from task_families(numbers.tasks.documents)


def _of_the_sidecar(numbers: WorkerNumbers) -> Iterator[Sample]:
    yield "celery_worker_consuming", "gauge", "1 if the worker fetches messages.", numbers.consuming
    yield (
        "celery_worker_loop_age_seconds",
        "gauge",
        "Time since the worker's main loop last turned.",
        numbers.loop_age,
    )
    yield (
        "celery_worker_drain_requested",
        "gauge",
        "1 if the worker is asked to drain.",
        numbers.drain_requested,
    )
    yield "celery_worker_idle_seconds", "gauge", "Time since a task last began or ended.", numbers.idle
    yield (
        "celery_worker_task_metrics_unreadable",
        "gauge",
        "Files of task metrics that cannot be read.",
        numbers.tasks.unreadable,
    )


def _of_the_report(report: WorkerReport | None) -> Iterator[Sample]:
    if report is None:
        return
    yield "celery_worker_active_tasks", "gauge", "Tasks that run.", report.active_count
    yield "celery_worker_tasks_reserved", "gauge", "Fetched tasks that wait for a slot.", report.reserved
    yield "celery_worker_tasks_eta", "gauge", "Fetched tasks that wait for their time.", report.eta
    yield (
        "celery_worker_tasks_processed_total",
        "counter",
        "Tasks that the process has begun.",
        report.processed,
    )
    yield "celery_worker_pool_slots", "gauge", "Tasks that the pool can run at a time.", report.pool_size
    yield "celery_worker_pool_processes", "gauge", "Live child processes.", len(report.pool_pids)
    yield (
        "celery_worker_pool_births",
        "gauge",
        "Child processes started since a task last began or ended, or one survived a while.",
        report.pool_births,
    )
    yield (
        "celery_worker_children_lost_total",
        "counter",
        "Child processes that died: nothing ordered their end.",
        report.children_lost_total,
    )
    yield (
        "celery_worker_tasks_lost_total",
        "counter",
        "Tasks whose child process died and whose message did not go back to its queue.",
        report.tasks_lost_total,
    )
    yield (
        "celery_worker_quarantined_total",
        "counter",
        "Messages that the process has moved to the dead-letter queue.",
        report.quarantined_total,
    )
    yield (
        "celery_worker_prefetch_limit",
        "gauge",
        "The number of messages that may be fetched ahead.",
        report.prefetch,
    )
    yield (
        "celery_worker_consumer_starts_total",
        "counter",
        "Starts of the consumer: one more at each reconnect.",
        report.consumer_starts,
    )
    yield "celery_worker_memory_bytes", "gauge", "Memory of the main process.", report.memory_bytes
    yield (
        "celery_worker_children_memory_bytes",
        "gauge",
        "Memory of the child processes.",
        report.children_memory_bytes,
    )
    yield (
        "celery_worker_container_memory_bytes",
        "gauge",
        "Memory of the worker's container without the page cache.",
        report.memory_used_bytes,
    )
    yield (
        "celery_worker_container_memory_limit_bytes",
        "gauge",
        "Memory limit of the worker's container.",
        report.memory_limit_bytes,
    )
    yield (
        "celery_worker_container_cpu_seconds_total",
        "counter",
        "CPU time that the worker's container has used.",
        report.cpu_seconds,
    )
