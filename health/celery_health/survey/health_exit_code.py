"""The exit code for a health.

It needs the verdicts, and ``exit_codes`` must not: every ``celery`` command loads that module.
"""

from celery_health.catalogue.health import HealthState
from celery_health.exit_codes import ExitCode


def exit_code_of(health: HealthState, *, some_consume: bool) -> ExitCode:
    """Unknown counts as unhealthy, or as degraded if at least one worker is consuming."""
    match health:
        case HealthState.HEALTHY:
            return ExitCode.HEALTHY
        case HealthState.DEGRADED:
            return ExitCode.DEGRADED
        case HealthState.UNHEALTHY:
            return ExitCode.UNHEALTHY
        case HealthState.UNKNOWN:
            return ExitCode.DEGRADED if some_consume else ExitCode.UNHEALTHY
