"""What a pod would lose if it were deleted now, and its place among those that a ReplicaSet deletes: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.worker_report import Phase, WorkerReport
from celery_operator.api.names import WORKER_CONTAINER
from celery_operator.decide.evidence.worker_state import Standing, Worker
from celery_operator.snapshot import SidecarReading

FRESH_SECONDS = 5.0
"""Agents report every second: what is older tells nothing of now."""

Place = tuple[bool, bool, bool, int]

_BEFORE_FETCHING = frozenset({Phase.STARTING, Phase.CONNECTING})


class Hold(Enum):
    """What a pod would lose if it were deleted now, ETA tasks aside: their messages go back to the broker."""

    NOTHING = auto()
    """It has stopped fetching and holds no task, or its worker has never begun to fetch."""
    SOMETHING = auto()
    """It holds tasks, or may fetch one at any moment."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class DrainPod:
    """A pod that is not being deleted; ``active``, ``reserved`` and ``eta_held`` are tasks.

    ``pending``: its containers have not been started. ``drain_wanted``: it was asked to fetch no more,
    ``draining_for`` so many seconds ago; None where its sidecar cannot be asked. ``silent_for``: seconds for
    which it has run and told nothing of what it holds.
    """

    name: str
    uid: str
    created_at: datetime
    hold: Hold
    scheduled: bool = True
    pending: bool = False
    ready: bool = True
    deletion_cost: int = 0
    active: int = 0
    reserved: int = 0
    eta_held: int = 0
    drain_wanted: bool | None = None
    draining_for: float | None = None
    silent_for: float = 0.0

    @property
    def is_idle(self) -> bool:
        """It runs no task and none waits in it; before its time comes, an ETA task does not count."""
        return not self.active and not self.reserved

    @property
    def is_exposed(self) -> bool:
        """A ReplicaSet deletes it before any ready pod, whatever its cost."""
        return self.pending or not (self.ready and self.scheduled)

    @property
    def place(self) -> Place:
        """A ReplicaSet deletes pods of a smaller one first."""
        return self.scheduled, not self.pending, self.ready, self.deletion_cost


def drain_pods(workers: Iterable[Worker]) -> Mapping[str, Sequence[DrainPod]]:
    """The pods that are not being deleted, by group, with what each of them would lose."""
    pods: dict[str, list[DrainPod]] = {}
    for worker in workers:
        if worker.standing is not Standing.LEAVING:
            pods.setdefault(worker.pod.group, []).append(_drain_pod(worker))
    return pods


def _drain_pod(worker: Worker) -> DrainPod:
    pod, reading = worker.pod, worker.pod.reading
    report = reading.report if reading else None
    return DrainPod(
        name=pod.name,
        uid=pod.uid,
        created_at=pod.created_at,
        hold=_hold(worker),
        scheduled=pod.scheduled,
        pending=pod.phase != "Running",
        ready=pod.ready,
        deletion_cost=pod.deletion_cost,
        active=report.active_count if report else 0,
        reserved=report.reserved if report else 0,
        eta_held=report.eta if report else 0,
        drain_wanted=reading.drain_wanted if reading else None,
        draining_for=reading.draining_for if reading and not reading.late else None,
        silent_for=pod.silent_for,
    )


def _hold(worker: Worker) -> Hold:
    if worker.pod.phase == "Pending" or _is_down(worker):
        return Hold.NOTHING
    reading = worker.pod.reading
    if reading is None or reading.drain_wanted is None:
        return Hold.UNKNOWN
    report = reading.report
    if report is None or reading.age > FRESH_SECONDS:
        return Hold.UNKNOWN
    # Its sidecar is late: it may have begun to fetch since.
    if report.active_count or report.reserved or reading.late:
        return Hold.SOMETHING
    return (
        Hold.NOTHING if _has_not_begun(reading, report) or _has_drained(reading, report) else Hold.SOMETHING
    )


def _is_down(worker: Worker) -> bool:
    """Its worker does not run, by the sidecar's word or by the kubelet's."""
    reading, trouble = worker.pod.reading, worker.pod.trouble
    if reading is not None and reading.verdict.reason is WorkerReason.ENDED:
        return True
    if trouble is None or worker.standing is not Standing.BROKEN:
        return False
    return trouble.container == WORKER_CONTAINER


def _has_not_begun(reading: SidecarReading, report: WorkerReport) -> bool:
    """Its worker had not fetched yet when it last reported, nor when it was asked not to begin."""
    never = report.phase in _BEFORE_FETCHING and report.consumer_starts == 0
    return never and _is_after_wish(reading, reading.age)


def _has_drained(reading: SidecarReading, report: WorkerReport) -> bool:
    """It stopped fetching for this very wish, and not for one that was taken back before."""
    if not reading.drain_wanted or report.phase is not Phase.DRAINING or report.loop_mono is None:
        return False
    return _is_after_wish(reading, reading.age + report.written_mono - report.loop_mono)


def _is_after_wish(reading: SidecarReading, seconds_ago: float) -> bool:
    return reading.draining_for is None or seconds_ago < reading.draining_for
