"""The exit codes of ``celery-health`` and ``kubectl celery``. docs/reference/cli.md lists them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Ordered by severity."""

    HEALTHY = 0
    DEGRADED = 1
    UNHEALTHY = 2
    USAGE = 3
    """The options are wrong, and nothing was checked."""
    INTERRUPTED = 130
    """Ctrl-C before there was a result."""
