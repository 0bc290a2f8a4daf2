"""What is wrong with workers of a group, as conditions and recommendations read it."""

from collections.abc import Mapping
from dataclasses import dataclass

from celery_health.catalogue.entry import Reason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.workers import WorkerReason

DOUBTS = frozenset({PodReason.SIDECAR_UNREACHABLE, PodReason.CONSUMPTION_UNKNOWN})
"""No illness: the pods may all be consuming."""


@dataclass(frozen=True, slots=True)
class Problem:
    """``message`` says what is wrong, ``remedy`` what to do, ``command`` shows or mends it."""

    reason: Reason
    message: str
    remedy: str
    command: str

    @property
    def waits_for_broker(self) -> bool:
        """A worker may show this for no other reason than that its broker is away."""
        return self.reason.entry.broker_outage_explains


WORST_FIRST = (
    PodReason.IMAGE_UNAVAILABLE,
    PodReason.CONFIGURATION_MISSING,
    PodReason.APP_NOT_LOADED,
    PodReason.CREATION_REFUSED,
    PodReason.OOM_KILLED,
    PodReason.CRASHING,
    WorkerReason.WEDGED,
    WorkerReason.POOL_DEAD,
    WorkerReason.DEAF,
    FleetReason.WORKER_STALLED,
    PodReason.UNSCHEDULABLE,
    WorkerReason.CONNECTING,
    PodReason.STOPPED,
    FleetReason.HUNG_TASK,
    FleetReason.HOARDING,
    PodReason.SIDECAR_UNREACHABLE,
    PodReason.CONSUMPTION_UNKNOWN,
    WorkerReason.STARTING,
)

Problems = Mapping[str, tuple[Problem, ...]]
"""By group, the worst first."""
