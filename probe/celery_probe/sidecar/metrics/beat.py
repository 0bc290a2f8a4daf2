"""Beat's numbers, for Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass

from celery_health.exposition import Family
from celery_health.wire.beat_report import BeatReport
from celery_probe.sidecar.metrics.exposition import Sample, families
from celery_probe.sidecar.metrics.process import ProcessNumbers, process_samples


@dataclass(frozen=True, slots=True)
class BeatNumbers:
    """What one scrape shows. ``tick_age`` is in seconds; None means not known."""

    process: ProcessNumbers
    report: BeatReport | None
    tick_age: float | None


def beat_families(numbers: BeatNumbers) -> Iterator[Family]:
    """What a scrape shows."""
    tick_age: Sample = (
        "celery_beat_tick_age_seconds",
        "gauge",
        "Time since the end of the last tick.",
        numbers.tick_age,
    )
    return families((*process_samples("beat", numbers.process), tick_age, *_of_the_report(numbers.report)))


def _of_the_report(report: BeatReport | None) -> Iterator[Sample]:
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
    yield (
        "celery_beat_max_interval_seconds",
        "gauge",
        "The longest time between two ticks.",
        report.max_interval,
    )
