"""What the exit code of ``celery-health`` says. docs/cli.md has the table."""

from enum import IntEnum

from celery_health.verdicts.fleet.verdict import FleetHealth


class ExitCode(IntEnum):
    """Ordered: the higher, the worse."""

    HEALTHY = 0
    DEGRADED = 1
    UNHEALTHY = 2
    USAGE = 3
    """The command was called wrongly: nothing has been looked at."""
    INTERRUPTED = 130
    """Ctrl-C before there was an answer."""


def exit_code_of(health: FleetHealth, *, some_consume: bool) -> ExitCode:
    """Unknown is not healthy: it is as bad as what is known allows."""
    match health:
        case FleetHealth.HEALTHY:
            return ExitCode.HEALTHY
        case FleetHealth.DEGRADED:
            return ExitCode.DEGRADED
        case FleetHealth.UNHEALTHY:
            return ExitCode.UNHEALTHY
        case FleetHealth.UNKNOWN:
            return ExitCode.DEGRADED if some_consume else ExitCode.UNHEALTHY
