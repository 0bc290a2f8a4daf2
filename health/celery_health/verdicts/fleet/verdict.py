"""What a verdict on a whole fleet is made of: the look, the problems, the one word."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from celery_health.broker import BrokerReading
from celery_health.verdicts.fleet.findings import FindingReason
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSight


class FleetHealth(StrEnum):
    """The one word on a fleet. Unknown is never Healthy."""

    HEALTHY = "Healthy"
    UNKNOWN = "Unknown"
    DEGRADED = "Degraded"
    UNHEALTHY = "Unhealthy"


WORST_LAST = (FleetHealth.HEALTHY, FleetHealth.UNKNOWN, FleetHealth.DEGRADED, FleetHealth.UNHEALTHY)


class FleetReason(StrEnum):
    """What is wrong with a fleet, besides the findings. docs/verdicts.md lists them."""

    BROKER_UNREACHABLE = "BrokerUnreachable"
    """No message can be sent or taken."""
    BROKER_UNKNOWN = "BrokerUnknown"
    """Nothing tells whether the broker works."""
    NO_WORKERS = "NoWorkers"
    """The broker answers, and no worker does."""
    NO_WORKER_CONSUMES = "NoWorkerConsumes"
    """Workers answer, and none of them takes messages."""
    WORKER_NOT_CONSUMING = "WorkerNotConsuming"
    """A worker takes no messages, others do."""
    WORKERS_UNKNOWN = "WorkersUnknown"
    """The workers could not be asked, or do not tell whether they take messages."""
    ABOVE_THRESHOLD = "AboveThreshold"
    """A queue is longer than the threshold."""
    QUEUE_UNKNOWN = "QueueUnknown"
    """The length of a queue is not known."""
    RESULT_STORE_UNREACHABLE = "ResultStoreUnreachable"
    """Results can be neither stored nor fetched."""
    RESULT_STORE_UNKNOWN = "ResultStoreUnknown"
    """Nothing tells whether the result store works."""


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
    reason: FleetReason | FindingReason
    message: str
    remedy: str
    command: str


@dataclass(frozen=True, slots=True)
class FleetVerdict:
    """``problems``: the worst first; none is Healthy."""

    health: FleetHealth
    problems: tuple[FleetProblem, ...]
