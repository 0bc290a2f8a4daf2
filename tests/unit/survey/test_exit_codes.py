"""Unknown is never healthy, and as bad as what is known allows."""

import pytest

from celery_health.catalogue.health import HealthState
from celery_health.exit_codes import ExitCode
from celery_health.survey.health_exit_code import exit_code_of


@pytest.mark.parametrize(
    ("health", "some_consume", "code"),
    [
        (HealthState.HEALTHY, True, ExitCode.HEALTHY),
        (HealthState.DEGRADED, True, ExitCode.DEGRADED),
        (HealthState.UNHEALTHY, True, ExitCode.UNHEALTHY),
        (HealthState.UNKNOWN, True, ExitCode.DEGRADED),
        (HealthState.UNKNOWN, False, ExitCode.UNHEALTHY),
    ],
)
def test_the_exit_code(health: HealthState, some_consume: bool, code: ExitCode) -> None:
    assert exit_code_of(health, some_consume=some_consume) is code
