"""Words for clients that know three states of health, and recommendations as sentences."""

from collections.abc import Iterator

from celery_health.catalogue.fleet import FleetReason
from celery_health.exit_codes import ExitCode
from celery_health.survey.check_result import CheckResult

HEALTHY, DEGRADED, UNHEALTHY = "healthy", "degraded", "unhealthy"

UNKNOWN_LENGTH = -1
"""The length of a queue that cannot be read."""

# Without workers these say the same once more.
_OF_NO_WORKERS = frozenset({FleetReason.NO_WORKERS.value, FleetReason.QUEUE_NOT_CONSUMED.value})
_WORDS = {ExitCode.HEALTHY: HEALTHY, ExitCode.DEGRADED: DEGRADED}


def health_word(result: CheckResult) -> str:
    """The health in one of three words. Unknown is degraded while a worker consumes, else unhealthy."""
    return _WORDS.get(result.exit_code, UNHEALTHY)


def recommendations(result: CheckResult, app: str) -> list[str]:
    """What to do now, the most urgent first. ``app`` is what ``celery -A`` takes."""
    return list(dict.fromkeys(_sentences(result, app)))


def _sentences(result: CheckResult, app: str) -> Iterator[str]:
    no_workers = any(problem.reason == FleetReason.NO_WORKERS.value for problem in result.problems)
    if no_workers:
        yield f"Start Celery workers: celery -A {app} worker --loglevel=info"
    for problem in result.problems:
        if problem.remedy and not (no_workers and problem.reason in _OF_NO_WORKERS):
            yield f"{problem.remedy} Run: {problem.command}" if problem.command else problem.remedy
