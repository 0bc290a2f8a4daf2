"""What the operator and the worker pods know about the broker, joined."""

from dataclasses import dataclass

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.states import StateReason
from celery_operator.api.status import BrokerStatus
from celery_operator.decide.evidence.worker_state import Worker, WorkerState
from celery_operator.decide.text import joined

NOTHING_RESTARTED = "No worker is restarted while the broker is away."

_REACHED_AND_UNHEALTHY = frozenset({BrokerReason.OUT_OF_MEMORY, BrokerReason.ALARM, BrokerReason.READ_ONLY})
"""The operator reached the broker. Workers that still consume will soon fail as well."""


@dataclass(frozen=True, slots=True)
class BrokerEvidence:
    """``reachable`` is None where the evidence does not show it; never read that as yes."""

    reading: BrokerReading
    reachable: bool | None
    reason: str
    message: str

    @property
    def readable(self) -> bool:
        """Whether this kind has a reader for its queues. Without one, only the agents' reports count."""
        return self.reading.reason is not BrokerReason.UNSUPPORTED_KIND

    @property
    def reached_by_workers_only(self) -> bool:
        """Whether workers consume although the operator cannot reach the broker."""
        return self.reason == StateReason.REACHABLE_BY_WORKERS_ONLY

    @property
    def numbers_refused(self) -> bool:
        """It answers, but does not permit the operator to read the queue lengths."""
        return self.reachable is True and self.reading.reason is BrokerReason.NOT_PERMITTED

    def status(self) -> BrokerStatus:
        """The broker's entry in the status."""
        state = {True: "Reachable", False: "Unreachable", None: "Unknown"}[self.reachable]
        return BrokerStatus(kind=self.reading.kind, address=self.reading.address, state=state)


def broker_evidence(reading: BrokerReading, workers: tuple[Worker, ...]) -> BrokerEvidence:
    """Join the operator's reading with the broker checks of the sidecars."""
    if reading.reachable is True:
        return BrokerEvidence(reading, True, reading.reason, reading.message)
    if reading.reachable is False:
        if reading.reason not in _REACHED_AND_UNHEALTHY and _workers_reach(workers):
            message = joined(["Workers consume, but the operator cannot reach the broker", reading.message])
            return BrokerEvidence(reading, None, StateReason.REACHABLE_BY_WORKERS_ONLY, message)
        return BrokerEvidence(reading, False, reading.reason, joined([reading.message, NOTHING_RESTARTED]))
    checks = _sidecar_checks(workers)
    if checks and not any(reachable for reachable, _ in checks):
        message = joined(["No worker pod reaches the broker", checks[0][1], NOTHING_RESTARTED])
        return BrokerEvidence(reading, False, FleetReason.BROKER_UNREACHABLE, message)
    return BrokerEvidence(reading, None, reading.reason, reading.message)


def _workers_reach(workers: tuple[Worker, ...]) -> bool:
    """No sidecar fails to reach the broker, and one that reaches it belongs to a consuming worker."""
    if any(reachable is False for reachable, _ in _sidecar_checks(workers)):
        return False
    return any(
        worker.pod.reading is not None and worker.pod.reading.broker.reachable is True
        for worker in workers
        if worker.state is WorkerState.CONSUMING
    )


def _sidecar_checks(workers: tuple[Worker, ...]) -> list[tuple[bool, str]]:
    return [
        (worker.pod.reading.broker.reachable, worker.pod.reading.broker.message)
        for worker in workers
        if worker.state is not WorkerState.LEAVING
        and worker.pod.reading is not None
        and worker.pod.reading.broker.reachable is not None
    ]
