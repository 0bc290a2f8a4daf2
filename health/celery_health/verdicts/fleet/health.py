"""The health of a fleet: one word, and the verdicts behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from celery_health.catalogue.entry import Severity
from celery_health.verdicts.verdict import Verdict


class FleetHealth(StrEnum):
    """The one word about a fleet. Unknown is never Healthy."""

    HEALTHY = "Healthy"
    UNKNOWN = "Unknown"
    DEGRADED = "Degraded"
    UNHEALTHY = "Unhealthy"


WORST_LAST = (FleetHealth.HEALTHY, FleetHealth.UNKNOWN, FleetHealth.DEGRADED, FleetHealth.UNHEALTHY)

HEALTH_BY_SEVERITY: Mapping[Severity, FleetHealth] = {
    Severity.UNHEALTHY: FleetHealth.UNHEALTHY,
    Severity.DEGRADED: FleetHealth.DEGRADED,
    Severity.UNKNOWN: FleetHealth.UNKNOWN,
    Severity.INFORMATION: FleetHealth.HEALTHY,
}


@dataclass(frozen=True, slots=True)
class FleetVerdict:
    """``verdicts``: the worst first. Without any the fleet is Healthy."""

    health: FleetHealth
    verdicts: tuple[Verdict, ...]


def health_of(verdicts: Iterable[Verdict]) -> FleetHealth:
    """The worst word that one of the verdicts calls for."""
    words = [HEALTH_BY_SEVERITY[verdict.severity] for verdict in verdicts]
    return max(words, key=WORST_LAST.index, default=FleetHealth.HEALTHY)
