"""What the operator and the worker pods know about the broker, joined."""

from dataclasses import dataclass
from datetime import timedelta

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.states import StateReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.api.names import COMPONENT_REDIS
from celery_operator.api.status import BrokerStatus, ConditionType
from celery_operator.decide.evidence.worker_state import Worker, WorkerState
from celery_operator.decide.text import joined
from celery_operator.snapshot import Snapshot

NOTHING_RESTARTED = "No worker is restarted while the broker is away."

REDIS_STARTUP = timedelta(minutes=2)
"""How long the managed Redis may take to start. DNS may take half a minute of it to know a new Service."""

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
    def is_starting(self) -> bool:
        """Whether the managed Redis does not answer because it has just been created."""
        return self.reason == StateReason.MANAGED_REDIS_STARTING

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


def broker_evidence(snapshot: Snapshot, workers: tuple[Worker, ...]) -> BrokerEvidence:
    """Join the operator's reading with the broker checks of the sidecars."""
    reading = snapshot.broker
    if reading.reachable is False and _managed_redis_starts(snapshot):
        verdict = Verdict(StateReason.MANAGED_REDIS_STARTING)
        message = joined([verdict.message, NOTHING_RESTARTED])
        return BrokerEvidence(reading, False, verdict.reason, message)
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


def _managed_redis_starts(snapshot: Snapshot) -> bool:
    """Whether the operator creates the managed Redis, or did so a moment ago.

    A managed Redis that answered at the last reconcile does not start: it is away.
    """
    if snapshot.spec.broker.managed is None or snapshot.memory.faults:
        return False
    if any(
        one.type is ConditionType.BROKER_REACHABLE and one.status == "True"
        for one in snapshot.previous.conditions
    ):
        return False
    redis = next((one for one in snapshot.deployments if one.component == COMPONENT_REDIS), None)
    return redis is None or (redis.failure is None and snapshot.now - redis.created_at < REDIS_STARTUP)


def _workers_reach(workers: tuple[Worker, ...]) -> bool:
    """Whether workers consume, and all their sidecars reach the broker. Others may have another URL: those of
    a rollout to a wrong one, say, while earlier workers go on.
    """
    checks = _sidecar_checks(tuple(worker for worker in workers if worker.state is WorkerState.CONSUMING))
    return bool(checks) and all(reachable for reachable, _ in checks)


def _sidecar_checks(workers: tuple[Worker, ...]) -> list[tuple[bool, str]]:
    return [
        (worker.pod.reading.broker.reachable, worker.pod.reading.broker.message)
        for worker in workers
        if worker.state is not WorkerState.LEAVING
        and worker.pod.reading is not None
        and worker.pod.reading.broker.reachable is not None
    ]
