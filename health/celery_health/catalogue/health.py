"""The words for health."""

from enum import StrEnum


class HealthState(StrEnum):
    """The one word about a resource or fleet. Unknown is never Healthy."""

    HEALTHY = "Healthy"
    DEGRADED = "Degraded"
    UNHEALTHY = "Unhealthy"
    UNKNOWN = "Unknown"
