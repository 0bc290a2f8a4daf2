"""Unknown is never healthy, and as bad as what is known allows."""

import pytest

from celery_health.cli.exit_codes import ExitCode
from celery_health.cli.health_exit_code import exit_code_of
from celery_health.verdicts.fleet.health import FleetHealth


@pytest.mark.parametrize(
    ("health", "some_consume", "code"),
    [
        (FleetHealth.HEALTHY, True, ExitCode.HEALTHY),
        (FleetHealth.DEGRADED, True, ExitCode.DEGRADED),
        (FleetHealth.UNHEALTHY, True, ExitCode.UNHEALTHY),
        (FleetHealth.UNKNOWN, True, ExitCode.DEGRADED),
        (FleetHealth.UNKNOWN, False, ExitCode.UNHEALTHY),
    ],
)
def test_the_exit_code(health: FleetHealth, some_consume: bool, code: ExitCode) -> None:
    assert exit_code_of(health, some_consume=some_consume) is code
