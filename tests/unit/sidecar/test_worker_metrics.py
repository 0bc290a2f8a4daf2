"""What a scrape shows can be read by Prometheus, and leaves out what is not known."""

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from celery_health.exposition import TextFormat, render
from celery_health.task_metrics.files import Found
from celery_health.wire.task_metrics import TaskMetrics, TaskRuns
from celery_probe.sidecar.metrics.process import ProcessNumbers
from celery_probe.sidecar.metrics.worker import WorkerNumbers, worker_families
from tests.unit.wire.documents import worker_document, worker_report

PROCESS = ProcessNumbers(
    started=True,
    live=True,
    liveness_failures=2,
    ready=True,
    report_age=0.5,
    broker_reachable=True,
    restart_hold=False,
    agent_errors=0,
)


def numbers(process: ProcessNumbers = PROCESS, **changes: Any) -> WorkerNumbers:
    values: dict[str, Any] = {
        "report": worker_report(worker_document()),
        "consuming": True,
        "loop_age": 0.25,
        "drain_requested": False,
        "idle": 12.5,
        "tasks": Found((), 0),
        **changes,
    }
    return WorkerNumbers(process=process, **values)


def shown(form: TextFormat = TextFormat.CLASSIC, process: ProcessNumbers = PROCESS, **changes: Any) -> str:
    return render(worker_families(numbers(process, **changes)), form)


def scraped(process: ProcessNumbers = PROCESS, **changes: Any) -> dict[str, float]:
    families = text_string_to_metric_families(shown(process=process, **changes))
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_every_number_of_the_report_is_shown_in_base_units() -> None:
    assert scraped() == {
        "celery_worker_started": 1,
        "celery_worker_live": 1,
        "celery_worker_liveness_failures_total": 2,
        "celery_worker_ready": 1,
        "celery_worker_consuming": 1,
        "celery_worker_report_age_seconds": 0.5,
        "celery_worker_loop_age_seconds": 0.25,
        "celery_worker_broker_reachable": 1,
        "celery_worker_drain_requested": 0,
        "celery_worker_restart_hold": 0,
        "celery_worker_idle_seconds": 12.5,
        "celery_worker_task_metrics_unreadable": 0,
        "celery_worker_active_tasks": 1,
        "celery_worker_tasks_reserved": 3,
        "celery_worker_tasks_eta": 2,
        "celery_worker_tasks_processed_total": 120,
        "celery_worker_pool_slots": 4,
        "celery_worker_pool_processes": 4,
        "celery_worker_pool_births": 0,
        "celery_worker_quarantined_total": 0,
        "celery_worker_prefetch_limit": 16,
        "celery_worker_consumer_starts_total": 1,
        "celery_worker_memory_bytes": 50_000_000,
        "celery_worker_children_memory_bytes": 200_000_000,
        "celery_worker_agent_errors_total": 0,
    }


def test_deaths_are_counted_where_the_agent_sees_them() -> None:
    report = worker_report(worker_document(children_lost_total=7, tasks_lost_total=0, quarantined_total=2))
    values = scraped(report=report)
    assert values["celery_worker_children_lost_total"] == 7
    assert values["celery_worker_tasks_lost_total"] == 0
    assert values["celery_worker_quarantined_total"] == 2


def test_the_use_of_the_container_is_shown_where_it_can_be_read() -> None:
    use = {"memory_used_bytes": 150_000_000, "memory_limit_bytes": 268_435_456, "cpu_seconds": 12.5}
    values = scraped(report=worker_report(worker_document(**use)))
    assert values["celery_worker_container_memory_bytes"] == 150_000_000
    assert values["celery_worker_container_memory_limit_bytes"] == 268_435_456
    assert values["celery_worker_container_cpu_seconds_total"] == 12.5


def test_without_a_report_only_what_the_pod_knows_is_shown() -> None:
    values = scraped(
        replace(PROCESS, report_age=None, broker_reachable=None, agent_errors=None),
        report=None,
        loop_age=None,
        idle=None,
    )
    assert set(values) == {
        "celery_worker_started",
        "celery_worker_live",
        "celery_worker_liveness_failures_total",
        "celery_worker_ready",
        "celery_worker_consuming",
        "celery_worker_drain_requested",
        "celery_worker_restart_hold",
        "celery_worker_task_metrics_unreadable",
    }


@pytest.mark.parametrize("value", [True, False])
def test_a_yes_or_no_is_one_or_zero(value: bool) -> None:
    assert scraped(replace(PROCESS, broker_reachable=value))["celery_worker_broker_reachable"] == int(value)


def test_every_metric_has_one_help_and_one_type_line() -> None:
    lines = shown().splitlines()
    names = [line.split()[0] for line in lines if not line.startswith("#")]
    assert [line.split()[2] for line in lines if line.startswith("# HELP")] == names
    assert [line.split()[2] for line in lines if line.startswith("# TYPE")] == names
    assert len(set(names)) == len(names)


def test_openmetrics_shows_the_same_series() -> None:
    families = list(openmetrics.text_string_to_metric_families(shown(TextFormat.OPEN_METRICS)))  # type: ignore[no-untyped-call]
    assert {sample.name: sample.value for family in families for sample in family.samples} == scraped()


def test_what_the_application_counts_is_shown_beside_the_worker_s_own_numbers() -> None:
    runs = [TaskRuns(task="shop.charge", value="7", started=3, completed=2, failed={"KeyError": 1})]
    document = TaskMetrics(prefix="upstream", label="customer_id", bounds=(1.0,), runs=runs)
    values = scraped(tasks=Found((document,), 1))
    assert values["upstream_background_job_started_total"] == 3
    assert values["upstream_background_job_failed_total"] == 1
    assert values["celery_worker_task_metrics_unreadable"] == 1
    assert values["celery_worker_live"] == 1
