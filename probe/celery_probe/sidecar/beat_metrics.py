"""Beat's numbers, for Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass

from celery_health.verdicts.beat import BeatVerdict
from celery_health.wire.beat_report import BeatReport
from celery_probe.sidecar.exposition import Sample, exposition


@dataclass(frozen=True, slots=True)
class BeatNumbers:
    """What one scrape shows. Ages are seconds, None where there is nothing to be old."""

    verdict: BeatVerdict
    report: BeatReport | None
    written_age: float | None
    tick_age: float | None
    broker_reachable: bool | None
    held: bool


def render(numbers: BeatNumbers) -> str:
    """The text of a scrape."""
    return exposition((*_of_the_pod(numbers), *_of_beat(numbers.report)))


def _of_the_pod(numbers: BeatNumbers) -> Iterator[Sample]:
    verdict = numbers.verdict
    yield "celery_beat_started", "gauge", "1 if beat has loaded the application.", verdict.started
    yield "celery_beat_live", "gauge", "1 unless beat hangs.", verdict.live
    yield "celery_beat_ready", "gauge", "1 if beat ticks.", verdict.ready
    yield "celery_beat_report_age_seconds", "gauge", "Age of the agent's last report.", numbers.written_age
    yield "celery_beat_tick_age_seconds", "gauge", "Time since the end of the last tick.", numbers.tick_age
    yield (
        "celery_beat_broker_reachable",
        "gauge",
        "1 if this pod reaches the broker.",
        numbers.broker_reachable,
    )
    yield "celery_beat_held", "gauge", "1 while no verdict restarts beat.", numbers.held


def _of_beat(report: BeatReport | None) -> Iterator[Sample]:
    if report is None:
        return
    yield (
        "celery_beat_ticks_total",
        "counter",
        "Ticks of the scheduler since the process began.",
        report.ticks,
    )
    yield "celery_beat_tasks_sent_total", "counter", "Tasks that the process has published.", report.sent
    yield "celery_beat_schedule_entries", "gauge", "Entries of the schedule.", report.entries
    yield "celery_beat_max_interval_seconds", "gauge", "Time between two ticks at most.", report.max_interval
    yield "celery_beat_agent_errors_total", "counter", "Errors the agent caught.", report.error_count
