"""The worker's numbers, for Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass

from celery_health.verdicts.worker import WorkerVerdict
from celery_health.wire.worker_report import WorkerReport
from celery_probe.sidecar.exposition import Sample, exposition


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one scrape shows. Ages are seconds, None where there is nothing to be old."""

    verdict: WorkerVerdict
    report: WorkerReport | None
    written_age: float | None
    loop_age: float | None
    broker_reachable: bool | None
    drain_wanted: bool
    held: bool
    idle: float | None


def render(numbers: Numbers) -> str:
    """The text of a scrape."""
    return exposition((*_of_the_pod(numbers), *_of_the_worker(numbers.report)))


def _of_the_pod(numbers: Numbers) -> Iterator[Sample]:
    verdict = numbers.verdict
    yield "celery_worker_started", "gauge", "1 if the worker has loaded the application.", verdict.started
    yield "celery_worker_live", "gauge", "1 unless the worker is to be restarted.", verdict.live
    yield "celery_worker_ready", "gauge", "1 if the worker consumes or drains.", verdict.ready
    yield "celery_worker_consuming", "gauge", "1 if the worker fetches messages.", verdict.consuming
    yield (
        "celery_worker_report_age_seconds",
        "gauge",
        "Age of the agent's last report.",
        numbers.written_age,
    )
    yield (
        "celery_worker_loop_age_seconds",
        "gauge",
        "Time since the worker's main loop last turned.",
        numbers.loop_age,
    )
    yield (
        "celery_worker_broker_reachable",
        "gauge",
        "1 if this pod reaches the broker.",
        numbers.broker_reachable,
    )
    yield "celery_worker_drain_wanted", "gauge", "1 if the worker shall drain.", numbers.drain_wanted
    yield "celery_worker_held", "gauge", "1 while no verdict restarts the worker.", numbers.held
    yield "celery_worker_idle_seconds", "gauge", "Time since a task last began or ended.", numbers.idle


def _of_the_worker(report: WorkerReport | None) -> Iterator[Sample]:
    if report is None:
        return
    yield "celery_worker_tasks_active", "gauge", "Tasks that pool slots work on.", report.active_count
    yield "celery_worker_tasks_reserved", "gauge", "Tasks fetched and not yet begun.", report.reserved
    yield "celery_worker_tasks_eta", "gauge", "Fetched tasks that wait for their time.", report.eta_held
    yield "celery_worker_tasks_processed_total", "counter", "Tasks the process has begun.", report.processed
    yield "celery_worker_pool_slots", "gauge", "Tasks the pool can work on at a time.", report.pool_size
    yield "celery_worker_pool_processes", "gauge", "Live child processes.", len(report.pool_pids)
    yield (
        "celery_worker_pool_births",
        "gauge",
        "Child processes started since a task last began or ended, or one survived a while.",
        report.pool_births,
    )
    yield "celery_worker_prefetch_limit", "gauge", "Messages fetched ahead at most.", report.prefetch
    yield (
        "celery_worker_consumer_starts_total",
        "counter",
        "Times that the consumer started, once more at each reconnect.",
        report.consumer_starts,
    )
    yield "celery_worker_memory_bytes", "gauge", "Memory of the main process.", report.memory_bytes
    yield (
        "celery_worker_children_memory_bytes",
        "gauge",
        "Memory of the child processes.",
        report.children_memory_bytes,
    )
    yield "celery_worker_agent_errors_total", "counter", "Errors the agent caught.", report.error_count
