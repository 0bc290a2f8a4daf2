"""The exit code for a health.

It needs the verdicts, and ``exit_codes`` must not: every ``celery`` command loads that module.
"""

from celery_health.cli.exit_codes import ExitCode
from celery_health.verdicts.fleet.health import FleetHealth


def exit_code_of(health: FleetHealth, *, some_consume: bool) -> ExitCode:
    """Unknown counts as unhealthy, or as degraded if at least one worker is consuming."""
    match health:
        case FleetHealth.HEALTHY:
            return ExitCode.HEALTHY
        case FleetHealth.DEGRADED:
            return ExitCode.DEGRADED
        case FleetHealth.UNHEALTHY:
            return ExitCode.UNHEALTHY
        case FleetHealth.UNKNOWN:
            return ExitCode.DEGRADED if some_consume else ExitCode.UNHEALTHY
