"""The broker as the operator and the worker pods see it, joined into one view."""

from dataclasses import dataclass

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.states import StateReason
from celery_operator.api.status import BrokerStatus
from celery_operator.decide.evidence.worker_state import Standing, Worker
from celery_operator.decide.text import joined

NOTHING_RESTARTED = "No worker is restarted while the broker is away."

_REACHED_AND_ILL = frozenset({BrokerReason.OUT_OF_MEMORY, BrokerReason.ALARM, BrokerReason.READ_ONLY})
"""The operator did reach it. Workers that still look well will not stay so."""


@dataclass(frozen=True, slots=True)
class BrokerView:
    """``reachable`` is None where the evidence does not tell; never read that as yes."""

    reading: BrokerReading
    reachable: bool | None
    reason: str
    message: str

    @property
    def readable(self) -> bool:
        """A kind whose queues can be read at all; of others the agents alone tell."""
        return self.reading.reason is not BrokerReason.UNSUPPORTED_KIND

    @property
    def reached_by_workers_only(self) -> bool:
        return self.reason == StateReason.REACHABLE_BY_WORKERS_ONLY

    @property
    def numbers_refused(self) -> bool:
        """It answers, but does not let us count what waits in its queues."""
        return self.reachable is True and self.reading.reason is BrokerReason.NOT_PERMITTED

    def status(self) -> BrokerStatus:
        """The broker's entry in the status."""
        state = {True: "Reachable", False: "Unreachable", None: "Unknown"}[self.reachable]
        return BrokerStatus(kind=self.reading.kind, address=self.reading.address, state=state)


def broker_view(reading: BrokerReading, workers: tuple[Worker, ...]) -> BrokerView:
    """Join the operator's reading with what the sidecars say."""
    if reading.reachable is True:
        return BrokerView(reading, True, reading.reason, reading.message)
    if reading.reachable is False:
        if reading.reason not in _REACHED_AND_ILL and _workers_reach(workers):
            message = joined(["Workers consume, but the operator cannot reach the broker", reading.message])
            return BrokerView(reading, None, StateReason.REACHABLE_BY_WORKERS_ONLY, message)
        return BrokerView(reading, False, reading.reason, joined([reading.message, NOTHING_RESTARTED]))
    words = _sidecar_words(workers)
    if words and not any(reachable for reachable, _ in words):
        message = joined(["No worker pod reaches the broker", words[0][1], NOTHING_RESTARTED])
        return BrokerView(reading, False, FleetReason.BROKER_UNREACHABLE, message)
    return BrokerView(reading, None, reading.reason, reading.message)


def _workers_reach(workers: tuple[Worker, ...]) -> bool:
    """No sidecar says no, and one that says yes belongs to a worker that consumes."""
    if any(reachable is False for reachable, _ in _sidecar_words(workers)):
        return False
    return any(
        worker.pod.reading is not None and worker.pod.reading.broker.reachable is True
        for worker in workers
        if worker.standing is Standing.CONSUMING
    )


def _sidecar_words(workers: tuple[Worker, ...]) -> list[tuple[bool, str]]:
    return [
        (worker.pod.reading.broker.reachable, worker.pod.reading.broker.message)
        for worker in workers
        if worker.standing is not Standing.LEAVING
        and worker.pod.reading is not None
        and worker.pod.reading.broker.reachable is not None
    ]
