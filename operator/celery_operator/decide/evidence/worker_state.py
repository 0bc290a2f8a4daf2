"""Where one worker pod stands: the one word that all counts and problems are made of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker_snapshot import WorkerSight
from celery_operator.snapshot import PodState, SidecarReading

SCHEDULING_GRACE = timedelta(seconds=15)
"""A pod that has been refused by the scheduler for less than this is only new."""
SCHEDULER_GRACE = timedelta(seconds=60)
"""The time in which the scheduler has to try a pod at all."""


class Standing(Enum):
    """What a pod does for the group now."""

    CONSUMING = auto()
    DRAINING = auto()
    STARTING = auto()
    CONNECTING = auto()
    DEAF = auto()
    STALLED = auto()
    """By its own word it consumes, and it takes none of the messages that wait for it."""
    WEDGED = auto()
    POOL_DEAD = auto()
    STOPPED = auto()
    BROKEN = auto()
    """A container cannot run; the pod's ``trouble`` says why."""
    UNSCHEDULED = auto()
    AGENT_ABSENT = auto()
    UNTOLD = auto()
    """Its agent reports, but cannot tell whether it consumes."""
    SILENT = auto()
    """It runs, and its sidecar cannot be asked."""
    LEAVING = auto()
    """Deleted or finished: no longer counted."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker pod and where it stands.

    ``sight`` is what its report shows, None without one. ``findings`` are what the fleet's evidence adds,
    each about this worker alone.
    """

    pod: PodState
    standing: Standing
    sight: WorkerSight | None = None
    verdicts: tuple[Verdict, ...] = ()

    def has(self, reason: FleetReason) -> bool:
        """Whether this was found of the worker."""
        return any(verdict.reason is reason for verdict in self.verdicts)


_BY_REASON = {
    WorkerReason.DRAINING: Standing.DRAINING,
    WorkerReason.DEAF: Standing.DEAF,
    WorkerReason.WEDGED: Standing.WEDGED,
    WorkerReason.POOL_DEAD: Standing.POOL_DEAD,
    WorkerReason.CONNECTING: Standing.CONNECTING,
}
_BEFORE_OR_AFTER_LIFE = {
    WorkerReason.STARTING: Standing.STARTING,
    WorkerReason.STOPPING: Standing.STOPPED,
    WorkerReason.ENDED: Standing.STOPPED,
    WorkerReason.AGENT_ABSENT: Standing.AGENT_ABSENT,
}


def is_within_startup(pod: PodState, now: datetime, startup: timedelta) -> bool:
    """Whether the startup probe still lets the pod start: for ``startup`` since its container has started for
    the first time, or since the pod was created while the container has not started.
    """
    return not pod.restarts and now - (pod.container_started_at or pod.created_at) < startup


def standing_of(pod: PodState, now: datetime, startup: timedelta) -> Standing:
    """A living worker's own word counts first, then the kubelet's, then what can be told from the phase.

    ``startup``: how long the startup probe lets a container start.
    """
    if pod.deleting or pod.phase in {"Succeeded", "Failed"}:
        return Standing.LEAVING
    alive = _of_living_worker(pod.reading) if pod.reading else None
    if alive is not None and not (alive is Standing.WEDGED and _starts(pod, now, startup)):
        return alive
    if not pod.scheduled:
        return _unscheduled(pod, now)
    return Standing.BROKEN if pod.trouble is not None else _without_life(pod, now, startup)


def _without_life(pod: PodState, now: datetime, startup: timedelta) -> Standing:
    if _starts(pod, now, startup) or (pod.reading is None and pod.phase == "Pending"):
        return Standing.STARTING
    if pod.reading is None:
        return Standing.SILENT
    return _BEFORE_OR_AFTER_LIFE.get(pod.reading.verdict.reason, Standing.UNTOLD)


def _unscheduled(pod: PodState, now: datetime) -> Standing:
    grace = SCHEDULING_GRACE if pod.trouble else SCHEDULER_GRACE
    return Standing.STARTING if now - pod.created_at < grace else Standing.UNSCHEDULED


def _starts(pod: PodState, now: datetime, startup: timedelta) -> bool:
    """Whether its first process loads the application: so far only the startup probe judges the process."""
    if pod.startup_passed or pod.container_started_at is None or not is_within_startup(pod, now, startup):
        return False
    return pod.reading is None or not pod.reading.verdict.started


def _of_living_worker(reading: SidecarReading) -> Standing | None:
    verdict = reading.verdict
    if verdict.reason is WorkerReason.DEAF and reading.broker.reachable is False:
        # It takes no messages because it does not reach the broker: that is no deafness.
        return Standing.CONNECTING
    if verdict.reason is WorkerReason.BUSY:
        # A solo worker inside a task: it consumes again when the task ends.
        return Standing.CONSUMING if verdict.consuming is not False else Standing.CONNECTING
    if verdict.reason is WorkerReason.CONSUMING:
        if verdict.consuming is None:
            return Standing.UNTOLD
        return Standing.CONSUMING if verdict.consuming else Standing.CONNECTING
    return _BY_REASON.get(verdict.reason)
