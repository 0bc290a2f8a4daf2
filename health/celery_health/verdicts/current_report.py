"""The report of the process that runs now, and how long the sidecar has waited for it."""

from typing import TypeVar

from celery_health.wire.process_report import ProcessReport

R = TypeVar("R", bound=ProcessReport)


def current_report(report: R | None, running_since: float | None) -> R | None:
    """The report, unless a former process in the same container wrote it.

    ``running_since``: when the sidecar first saw the process that runs now, in seconds of CLOCK_MONOTONIC;
    None if the process was already running then.
    """
    if report is None or running_since is None:
        return report
    return report if report.written_mono >= running_since else None


def waited_for(now_mono: float, observed_since: float, running_since: float | None) -> float:
    """For how many seconds the sidecar has observed the process that runs now."""
    return now_mono - max(observed_since, running_since or 0.0)
