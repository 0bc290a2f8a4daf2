"""What the verdicts on a fleet are decided from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from celery_health.broker import BrokerReading
from celery_health.verdicts.deaths import NO_DEATHS, FleetDeaths
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSnapshot


@dataclass(frozen=True, slots=True)
class FleetEvidence:
    """A fleet at one time.

    ``workers`` are all that answered. ``workers_known``: they were asked, and no other worker runs.
    ``result_backend`` is None where no results are kept. ``waiting_for``: for how many seconds each queue has
    held messages without interruption. ``not_shrinking_for``: for how many seconds each queue has held
    messages and never got shorter, None where it was not watched. ``unheld_for``: for how many seconds more
    messages have been unacknowledged than in flight, None where it was not watched. ``visibility_timeout``:
    seconds, the shortest of all workers; None for the default. ``assigned_queues``: queues that a worker is
    meant to consume, whether or not one does. ``asked_queues``: queues that a person named, to hear of them.
    ``proven_queues``: queues from which a test task came back.
    """

    broker: BrokerReading
    workers: tuple[WorkerSnapshot, ...] = ()
    workers_known: bool = False
    result_backend: BrokerReading | None = None
    waiting_for: Mapping[str, float] = field(default_factory=dict)
    not_shrinking_for: Mapping[str, float] | None = None
    unheld_for: float | None = None
    visibility_timeout: float | None = None
    assigned_queues: Collection[str] = ()
    asked_queues: Collection[str] = ()
    proven_queues: Collection[str] = ()
    deaths: FleetDeaths = NO_DEATHS
    thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS

    @property
    def known_waiting(self) -> Mapping[str, float]:
        """``waiting_for``; empty unless the broker answers, because otherwise no worker can fetch."""
        return self.waiting_for if self.broker.reachable is True else {}

    @property
    def consumed_queues(self) -> set[str]:
        """The queues that a worker consumes or is meant to consume."""
        return {queue for worker in self.workers for queue in worker.queues}.union(self.assigned_queues)
