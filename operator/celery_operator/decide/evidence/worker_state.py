"""The state of one worker pod: the word behind all counts and verdicts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker_snapshot import WorkerSnapshot
from celery_operator.snapshot import PodState, SidecarReading

SCHEDULING_GRACE = timedelta(seconds=15)
"""A pod that has been refused by the scheduler for less than this is only new."""
SCHEDULER_GRACE = timedelta(seconds=60)
"""The time in which the scheduler has to try a pod at all."""


class WorkerState(Enum):
    """What a worker pod does now."""

    CONSUMING = auto()
    DRAINING = auto()
    STARTING = auto()
    CONNECTING = auto()
    DEAF = auto()
    STALLED = auto()
    """It reports that it consumes, and takes none of the messages that wait for it."""
    WEDGED = auto()
    POOL_DEAD = auto()
    STOPPED = auto()
    BROKEN = auto()
    """A container cannot run; the pod's ``container_failure`` has the cause."""
    UNSCHEDULED = auto()
    AGENT_ABSENT = auto()
    REPORT_UNREADABLE = auto()
    """There is a report, and its sidecar cannot read it."""
    CONSUMPTION_UNKNOWN = auto()
    """Its agent reports, but does not know whether the worker consumes."""
    SIDECAR_UNREACHABLE = auto()
    """It runs, and its sidecar does not answer."""
    LEAVING = auto()
    """Deleted or finished: no longer counted."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker pod and where it stands.

    ``snapshot`` is what its report shows, None without one. ``verdicts`` are what the fleet's evidence adds,
    each about this worker alone.
    """

    pod: PodState
    state: WorkerState
    snapshot: WorkerSnapshot | None = None
    verdicts: tuple[Verdict, ...] = ()

    def has(self, reason: FleetReason) -> bool:
        """Whether this was found of the worker."""
        return any(verdict.reason is reason for verdict in self.verdicts)


_BY_REASON = {
    WorkerReason.DRAINING: WorkerState.DRAINING,
    WorkerReason.DEAF: WorkerState.DEAF,
    WorkerReason.WEDGED: WorkerState.WEDGED,
    WorkerReason.POOL_DEAD: WorkerState.POOL_DEAD,
    WorkerReason.CONNECTING: WorkerState.CONNECTING,
}
_BEFORE_OR_AFTER_LIFE = {
    WorkerReason.STARTING: WorkerState.STARTING,
    WorkerReason.STOPPING: WorkerState.STOPPED,
    WorkerReason.ENDED: WorkerState.STOPPED,
    WorkerReason.AGENT_ABSENT: WorkerState.AGENT_ABSENT,
    WorkerReason.REPORT_UNREADABLE: WorkerState.REPORT_UNREADABLE,
}


def is_within_startup(pod: PodState, now: datetime, startup: timedelta) -> bool:
    """Whether the startup probe still lets the pod start: for ``startup`` since its container has started for
    the first time, or since the pod was created while the container has not started.
    """
    return not pod.restarts and now - (pod.container_started_at or pod.created_at) < startup


def worker_state_of(pod: PodState, now: datetime, startup: timedelta) -> WorkerState:
    """The report of a living worker counts first, then the kubelet, then the phase of the pod.

    ``startup``: how long the startup probe lets a container start.
    """
    if pod.deleting or pod.phase in {"Succeeded", "Failed"}:
        return WorkerState.LEAVING
    alive = _of_living_worker(pod.reading) if pod.reading else None
    if alive is not None and not (alive is WorkerState.WEDGED and _starts(pod, now, startup)):
        return alive
    if not pod.scheduled:
        return _unscheduled(pod, now)
    return WorkerState.BROKEN if pod.container_failure is not None else _without_life(pod, now, startup)


def _without_life(pod: PodState, now: datetime, startup: timedelta) -> WorkerState:
    if _starts(pod, now, startup) or (pod.reading is None and pod.phase == "Pending"):
        return WorkerState.STARTING
    if pod.reading is None:
        return WorkerState.SIDECAR_UNREACHABLE
    return _BEFORE_OR_AFTER_LIFE.get(pod.reading.verdict.reason, WorkerState.CONSUMPTION_UNKNOWN)


def _unscheduled(pod: PodState, now: datetime) -> WorkerState:
    grace = SCHEDULING_GRACE if pod.container_failure else SCHEDULER_GRACE
    return WorkerState.STARTING if now - pod.created_at < grace else WorkerState.UNSCHEDULED


def _starts(pod: PodState, now: datetime, startup: timedelta) -> bool:
    """Whether its first process loads the application: so far only the startup probe judges the process."""
    if pod.startup_passed or pod.container_started_at is None or not is_within_startup(pod, now, startup):
        return False
    return pod.reading is None or not pod.reading.verdict.started


def _of_living_worker(reading: SidecarReading) -> WorkerState | None:
    verdict = reading.verdict
    if verdict.reason is WorkerReason.DEAF and reading.broker.reachable is False:
        # It fetches nothing because it does not reach the broker: it is not deaf.
        return WorkerState.CONNECTING
    if verdict.reason is WorkerReason.BUSY:
        # A solo worker inside a task: it consumes again when the task ends.
        return WorkerState.CONSUMING if verdict.consuming is not False else WorkerState.CONNECTING
    if verdict.reason is WorkerReason.CONSUMING:
        if verdict.consuming is None:
            return WorkerState.CONSUMPTION_UNKNOWN
        return WorkerState.CONSUMING if verdict.consuming else WorkerState.CONNECTING
    return _BY_REASON.get(verdict.reason)
