"""The health of a fleet: one word, and the verdicts behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from celery_health.catalogue.entry import Severity
from celery_health.catalogue.health import HealthState
from celery_health.verdicts.verdict import Verdict

WORST_LAST = (HealthState.HEALTHY, HealthState.UNKNOWN, HealthState.DEGRADED, HealthState.UNHEALTHY)

HEALTH_BY_SEVERITY: Mapping[Severity, HealthState] = {
    Severity.UNHEALTHY: HealthState.UNHEALTHY,
    Severity.DEGRADED: HealthState.DEGRADED,
    Severity.UNKNOWN: HealthState.UNKNOWN,
    Severity.INFORMATION: HealthState.HEALTHY,
}


@dataclass(frozen=True, slots=True)
class FleetVerdict:
    """``verdicts``: the worst first. Without any the fleet is Healthy."""

    health: HealthState
    verdicts: tuple[Verdict, ...]


def health_of(verdicts: Iterable[Verdict]) -> HealthState:
    """The worst word that one of the verdicts calls for."""
    words = [HEALTH_BY_SEVERITY[verdict.severity] for verdict in verdicts]
    return max(words, key=WORST_LAST.index, default=HealthState.HEALTHY)
