"""What a verdict on a whole fleet is made of: the look, the problems, the one word."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from celery_health.broker import BrokerReading
from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSight


class FleetHealth(StrEnum):
    """The one word on a fleet. Unknown is never Healthy."""

    HEALTHY = "Healthy"
    UNKNOWN = "Unknown"
    DEGRADED = "Degraded"
    UNHEALTHY = "Unhealthy"


WORST_LAST = (FleetHealth.HEALTHY, FleetHealth.UNKNOWN, FleetHealth.DEGRADED, FleetHealth.UNHEALTHY)


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """One look at a fleet.

    ``workers`` are all that answered, and with ``workers_known`` all that live: they were asked and could
    answer. ``store`` is None where no results are kept. ``waiting_for``: for how many seconds each queue has
    held messages without interruption, as far as somebody watched. ``app`` is the application as in
    ``celery -A``, for commands.
    """

    broker: BrokerReading
    workers: tuple[WorkerSight, ...] = ()
    workers_known: bool = False
    store: BrokerReading | None = None
    waiting_for: Mapping[str, float] = field(default_factory=dict)
    visibility_timeout: float | None = None
    thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS
    app: str = "APP"

    @property
    def known_waiting(self) -> Mapping[str, float]:
        """``waiting_for``, of a broker that answers: of one that does not, no worker can take messages."""
        return self.waiting_for if self.broker.reachable is True else {}


@dataclass(frozen=True, slots=True)
class FleetProblem:
    """``health`` is what this alone makes of the fleet; ``command`` shows or mends it without Kubernetes."""

    health: FleetHealth
    reason: FleetReason | FleetReason
    message: str
    remedy: str
    command: str


@dataclass(frozen=True, slots=True)
class FleetVerdict:
    """``problems``: the worst first; none is Healthy."""

    health: FleetHealth
    problems: tuple[FleetProblem, ...]
