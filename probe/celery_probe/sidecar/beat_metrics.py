"""Beat's numbers in the Prometheus text format, one beat a pod and therefore without labels."""

from collections.abc import Iterator
from dataclasses import dataclass

from celery_health.beat import BeatReport, BeatVerdict

Value = float | int | bool | None


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
    """The text of a scrape. A number that is not known is left out, never shown as 0."""
    lines: list[str] = []
    for name, kind, meaning, value in (*_of_the_pod(numbers), *_of_beat(numbers.report)):
        if value is not None:
            lines += (
                f"# HELP celery_beat_{name} {meaning}",
                f"# TYPE celery_beat_{name} {kind}",
                f"celery_beat_{name} {float(value):.15g}",
            )
    return "\n".join(lines) + "\n"


def _of_the_pod(numbers: BeatNumbers) -> Iterator[tuple[str, str, str, Value]]:
    verdict = numbers.verdict
    yield "started", "gauge", "1 if beat has loaded the application.", verdict.started
    yield "live", "gauge", "1 unless beat hangs.", verdict.live
    yield "ready", "gauge", "1 if beat ticks.", verdict.ready
    yield "report_age_seconds", "gauge", "Age of the agent's last report.", numbers.written_age
    yield "tick_age_seconds", "gauge", "Time since the end of the last tick.", numbers.tick_age
    yield "broker_reachable", "gauge", "1 if this pod reaches the broker.", numbers.broker_reachable
    yield "held", "gauge", "1 while no verdict restarts beat.", numbers.held


def _of_beat(report: BeatReport | None) -> Iterator[tuple[str, str, str, Value]]:
    if report is None:
        return
    yield "ticks_total", "counter", "Ticks of the scheduler since the process began.", report.ticks
    yield "tasks_sent_total", "counter", "Tasks that the process has published.", report.sent
    yield "schedule_entries", "gauge", "Entries of the schedule.", report.entries
    yield "max_interval_seconds", "gauge", "Time between two ticks at most.", report.max_interval
    yield "agent_errors_total", "counter", "Errors the agent caught.", report.error_count
