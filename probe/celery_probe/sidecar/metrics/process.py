"""The numbers that worker and beat have in common, for Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass

from celery_probe.sidecar.metrics.exposition import Sample


@dataclass(frozen=True, slots=True)
class ProcessNumbers:
    """What one scrape shows of any process. ``report_age`` is in seconds; None means not known.

    ``liveness_failures``: how often the process has come to need a restart, as the sidecar has seen.
    """

    started: bool
    live: bool
    liveness_failures: int
    ready: bool
    report_age: float | None
    broker_reachable: bool | None
    restart_hold: bool
    agent_errors: int | None


def process_samples(subject: str, numbers: ProcessNumbers) -> Iterator[Sample]:
    """The samples of a worker or of beat; ``subject`` is one of these two words."""
    prefix = f"celery_{subject}"
    yield f"{prefix}_started", "gauge", f"1 if {subject} has loaded the application.", numbers.started
    yield f"{prefix}_live", "gauge", f"1 unless {subject} is to be restarted.", numbers.live
    yield (
        f"{prefix}_liveness_failures_total",
        "counter",
        f"How often {subject} has come to need a restart.",
        numbers.liveness_failures,
    )
    yield f"{prefix}_ready", "gauge", f"1 if {subject} does its work.", numbers.ready
    yield f"{prefix}_report_age_seconds", "gauge", "Age of the agent's last report.", numbers.report_age
    yield (
        f"{prefix}_broker_reachable",
        "gauge",
        "1 if this pod reaches the broker.",
        numbers.broker_reachable,
    )
    yield (
        f"{prefix}_restart_hold",
        "gauge",
        "1 while a restart hold keeps the liveness probe from failing.",
        numbers.restart_hold,
    )
    yield f"{prefix}_agent_errors_total", "counter", "Errors that the agent caught.", numbers.agent_errors
