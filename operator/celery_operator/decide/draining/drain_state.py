"""Whether a pod has drained, and its place in the order in which its ReplicaSet deletes pods."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from types import MappingProxyType

from celery_health.wire.worker_report import Phase, WorkerReport
from celery_operator.api.names import WORKER_CONTAINER
from celery_operator.decide.evidence.worker_state import Worker, WorkerState
from celery_operator.snapshot import SidecarReading

FRESH_FOR_DRAIN_SECONDS = 5.0
"""Agents report every second: an older report proves nothing about now."""

Place = tuple[bool, bool, bool, int]

_NONE_CHOSEN: Mapping[str, float] = MappingProxyType({})
_NONE_REFUSED: Mapping[str, str] = MappingProxyType({})
_BEFORE_FETCHING = frozenset({Phase.STARTING, Phase.CONNECTING})


class DrainState(Enum):
    """Whether a pod can be deleted without loss. ETA tasks do not count: their messages go back to the
    broker.
    """

    DRAINED = auto()
    """The worker has stopped fetching and has no task in flight, or has never begun to fetch."""
    NOT_DRAINED = auto()
    """The worker has tasks in flight, or may fetch one at any moment."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class DrainPod:
    """A pod that is not being deleted; ``active``, ``reserved`` and ``eta`` are tasks.

    ``pending``: its containers have not started. ``drain_requested``: whether the worker was asked to drain,
    and ``drain_requested_for``: seconds since then; None where its sidecar does not answer. ``expires_in``:
    seconds until its drain ends by itself, None where it does not. ``chosen_for``:
    seconds since the operator chose it to drain, whether its worker was reached or not; None if it is not
    chosen. ``silent_for``: seconds for which it has run without a report, or the age of its report.
    ``replica_set``: a label that only the pods of its ReplicaSet have. ``why_unreached``: why its sidecar
    does not answer, or did not take the last order.
    """

    name: str
    uid: str
    created_at: datetime
    drain_state: DrainState
    scheduled: bool = True
    pending: bool = False
    ready: bool = True
    deletion_cost: int = 0
    active: int = 0
    reserved: int = 0
    eta: int = 0
    drain_requested: bool | None = None
    drain_requested_for: float | None = None
    expires_in: float | None = None
    silent_for: float = 0.0
    chosen_for: float | None = None
    replica_set: str = ""
    why_unreached: str = ""

    @property
    def is_idle(self) -> bool:
        """It has no active and no reserved task; an ETA task does not count before its time comes."""
        return not self.active and not self.reserved

    @property
    def is_exposed(self) -> bool:
        """A ReplicaSet deletes it before any ready pod, whatever its cost."""
        return self.pending or not (self.ready and self.scheduled)

    @property
    def drains(self) -> bool:
        """The operator has chosen it, or its worker was asked to drain."""
        return self.chosen_for is not None or self.drain_requested is True

    @property
    def place(self) -> Place:
        """A ReplicaSet deletes pods of a smaller one first."""
        return self.scheduled, not self.pending, self.ready, self.deletion_cost


def drain_pods(
    workers: Iterable[Worker],
    chosen_for: Mapping[str, float] = _NONE_CHOSEN,
    refused_orders: Mapping[str, str] = _NONE_REFUSED,
) -> Mapping[str, Sequence[DrainPod]]:
    """The pods that are not being deleted, by group, each with its drain state.

    By uid: ``chosen_for``, the seconds since a pod was chosen to drain, and ``refused_orders``, why its
    sidecar did not take the last order.
    """
    pods: dict[str, list[DrainPod]] = {}
    for worker in workers:
        if worker.state is not WorkerState.LEAVING:
            uid = worker.pod.uid
            pod = _drain_pod(worker)
            why = refused_orders.get(uid, pod.why_unreached)
            found = replace(pod, chosen_for=chosen_for.get(uid), why_unreached=why)
            pods.setdefault(worker.pod.group, []).append(found)
    return pods


def _drain_pod(worker: Worker) -> DrainPod:
    pod, reading = worker.pod, worker.pod.reading
    report = reading.report if reading else None
    return DrainPod(
        name=pod.name,
        uid=pod.uid,
        created_at=pod.created_at,
        drain_state=_drain_state(worker),
        scheduled=pod.scheduled,
        pending=pod.phase != "Running",
        ready=pod.ready,
        deletion_cost=pod.deletion_cost,
        active=report.active_count if report else 0,
        reserved=report.reserved if report else 0,
        eta=report.eta if report else 0,
        drain_requested=reading.drain_requested if reading else None,
        drain_requested_for=reading.drain_requested_for if reading and not reading.late else None,
        expires_in=reading.drain_expires_in if reading else None,
        silent_for=pod.silent_for,
        replica_set=pod.replica_set,
        why_unreached=pod.sidecar_error,
    )


def _drain_state(worker: Worker) -> DrainState:
    if worker.pod.phase == "Pending" or _is_down(worker):
        return DrainState.DRAINED
    reading = worker.pod.reading
    if reading is None or reading.drain_requested is None:
        return DrainState.UNKNOWN
    report = reading.report
    if report is None or reading.age > FRESH_FOR_DRAIN_SECONDS:
        return DrainState.UNKNOWN
    # A late sidecar: the worker may have begun to fetch since.
    if report.active_count or report.reserved or reading.late:
        return DrainState.NOT_DRAINED
    return (
        DrainState.DRAINED
        if _has_not_begun(reading, report) or _has_drained(reading, report)
        else DrainState.NOT_DRAINED
    )


def _is_down(worker: Worker) -> bool:
    """Whether its worker does not run, according to the sidecar or the kubelet."""
    reading, failure = worker.pod.reading, worker.pod.container_failure
    if reading is not None and reading.has_ended:
        return True
    if failure is None or worker.state is not WorkerState.BROKEN:
        return False
    return failure.container == WORKER_CONTAINER


def _has_not_begun(reading: SidecarReading, report: WorkerReport) -> bool:
    """Whether its worker had not begun to fetch at its last report, nor when the drain was requested."""
    never = report.phase in _BEFORE_FETCHING and report.consumer_starts == 0
    return never and _is_after_request(reading, reading.age)


def _has_drained(reading: SidecarReading, report: WorkerReport) -> bool:
    """Whether it stopped fetching for this drain request, and not for an earlier one."""
    if not reading.drain_requested or report.phase is not Phase.DRAINING or report.loop_mono is None:
        return False
    return _is_after_request(reading, reading.age + report.written_mono - report.loop_mono)


def _is_after_request(reading: SidecarReading, seconds_ago: float) -> bool:
    return reading.drain_requested_for is None or seconds_ago < reading.drain_requested_for
