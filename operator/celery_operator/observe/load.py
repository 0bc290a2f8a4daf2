"""The load of each group: levels from one reconcile, and rates that only several reconciles show."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from celery_health.broker import BrokerReading
from celery_health.wire.worker_report import WorkerReport
from celery_operator.api.names import WORKER_CONTAINER
from celery_operator.api.spec import CeleryDeploymentSpec, WorkerGroup
from celery_operator.observe.rates import Arrivals, Throughput, toward
from celery_operator.observe.waiting import LONGEST_GAP_SECONDS
from celery_operator.snapshot import GroupLoad, PodState

FRESH_FOR_LOAD_SECONDS = 10.0
"""A report older than this proves nothing. Workers write one every second or two."""
BUSY_SECONDS = 5.0
"""Time constant of the busy slots: several reconciles, so that a single one that finds many slots idle counts
little, and short enough that the first pods can go a few seconds after their load.
"""
SAME_MOMENT_SECONDS = 0.001
"""Readings closer than this count as one: they show no rate."""


@dataclass(frozen=True, slots=True)
class _Reported:
    """One worker process at its last report, in tasks: ``started`` since it began, ``waiting`` in it."""

    pid: int
    started: int
    active: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Done:
    """What a worker did between two reports, in tasks: ``taken`` from the queues, and ``finished``."""

    taken: int
    finished: int


@dataclass(frozen=True, slots=True)
class _Memory:
    """One group at the last reconcile.

    ``ready`` were in the queues at ``ready_at``, and ``taken`` have left them since, by the reports.
    ``starting``: pods that had not run when they were last seen, and have not reported since.
    """

    at: float
    active: int
    busy: float
    reported: Mapping[str, _Reported]
    starting: frozenset[str]
    ready: int | None = None
    ready_at: float = 0.0
    taken: int = 0
    arrivals: Arrivals = field(default_factory=Arrivals)
    throughput: Throughput = field(default_factory=Throughput)
    idle_since: float | None = None
    unread_since: float | None = None


class LoadMeter:
    """Remembers levels between reconciles. All times are seconds of one clock that never goes back.

    What is not remembered, as after a restart of the operator, is 0 or None until it is measured again.
    """

    def __init__(self) -> None:
        self._groups: Mapping[str, _Memory] = {}

    def update(
        self,
        spec: CeleryDeploymentSpec,
        broker: BrokerReading,
        pods: tuple[PodState, ...],
        mono: float,
        *,
        read_at: float | None = None,
        unchanged_at: float | None = None,
    ) -> Mapping[str, GroupLoad]:
        """Add the levels of one reconcile; the load of each group.

        ``read_at``: when the broker was read, if not just now. ``unchanged_at``: until when its queues have
        been seen with the lengths of the reading before.
        """
        read_at = mono if read_at is None else read_at
        of: dict[str, list[PodState]] = {group.name: [] for group in spec.workers}
        for pod in pods:
            of.setdefault(pod.group, []).append(pod)
        seen = {
            group.name: _seen(
                _unchanged(self._groups.get(group.name), unchanged_at),
                _ready(group, broker),
                of[group.name],
                mono,
                read_at,
            )
            for group in spec.workers
        }
        self._groups = {name: memory for name, (memory, _) in seen.items()}
        return {name: load for name, (_, load) in seen.items()}


def _ready(group: WorkerGroup, broker: BrokerReading) -> int | None:
    """Messages in all queues of the group; None where one length is not known."""
    if broker.reachable is not True:
        return None
    lengths = {queue.name: queue.ready for queue in broker.queues}
    total = 0
    for name in group.queues:
        ready = lengths.get(name)
        if ready is None:
            return None
        total += ready
    return total


def _unchanged(before: _Memory | None, until: float | None) -> _Memory | None:
    """Add that nothing has arrived since the last reading."""
    if before is None or before.ready is None or until is None or until <= before.ready_at:
        return before
    return _read(before, before.ready, until)


def _seen(
    before: _Memory | None, ready: int | None, pods: list[PodState], mono: float, read_at: float
) -> tuple[_Memory, GroupLoad]:
    reports = [report for report in map(_report, pods) if report]
    active = sum(report.active_count for report in reports)
    reserved = sum(report.reserved for report in reports)
    eta = sum(report.eta for report in reports)
    complete = all(map(_is_known, pods))
    if before is None or mono - before.at > LONGEST_GAP_SECONDS:
        before = _Memory(at=mono, active=active, busy=active, reported={}, starting=frozenset())
    memory = _read(_worked(before, pods, active, mono), ready, read_at)
    idle = complete and ready == 0 and not active + reserved + eta
    memory = replace(memory, idle_since=_since(memory.idle_since, idle, mono))
    return memory, GroupLoad(
        ready=ready,
        active=active,
        reserved=reserved,
        eta_due=sum(report.eta_due for report in reports),
        eta=eta,
        complete=complete,
        arrival_rate=memory.arrivals.per_second,
        throughput_per_slot=memory.throughput.per_second,
        busy_slots=memory.busy,
        idle_for=_lasting(memory.idle_since, mono),
        unread_for=_lasting(memory.unread_since, mono),
    )


def _is_known(pod: PodState) -> bool:
    """Its report is fresh, or every task that it had is on its way back to the broker."""
    if pod.deleting or pod.phase in {"Pending", "Succeeded", "Failed"}:
        return True
    return _fresh(pod) or _ended(pod)


def _report(pod: PodState) -> WorkerReport | None:
    """The last report of the worker, unless the worker has ended since."""
    if pod.reading is None or (_ended(pod) and not _fresh(pod)):
        return None
    return pod.reading.report


def _fresh(pod: PodState) -> bool:
    reading = pod.reading
    return reading is not None and reading.report is not None and reading.age <= FRESH_FOR_LOAD_SECONDS


def _ended(pod: PodState) -> bool:
    """The worker's container does not run: it failed, or waits for its next start."""
    return pod.container_failure is not None and pod.container_failure.container == WORKER_CONTAINER


def _worked(before: _Memory, pods: list[PodState], active: int, mono: float) -> _Memory:
    """Add the reports of the workers. The last report of a worker without a new one counts while the pod
    exists.
    """
    reported: dict[str, _Reported] = {}
    starting: set[str] = set()
    taken = finished = 0
    for pod in pods:
        known = before.reported.get(pod.uid)
        report = _report(pod)
        if report is not None:
            now = _Reported(report.pid, report.processed, report.active_count, report.reserved + report.eta)
            new = _NOTHING if pod.uid in before.starting else now
            done = _between(known or new, now)
            taken, finished = taken + done.taken, finished + done.finished
            reported[pod.uid] = now
        elif known is not None:
            reported[pod.uid] = known
        elif pod.phase == "Pending" or pod.uid in before.starting:
            starting.add(pod.uid)
    gone = sum(one.waiting for uid, one in before.reported.items() if uid not in reported)
    ran = (before.active + active) / 2
    seconds = mono - before.at
    return replace(
        before,
        at=mono,
        active=active,
        busy=toward(before.busy, ran, seconds, BUSY_SECONDS),
        reported=reported,
        starting=frozenset(starting),
        taken=before.taken + taken - gone,
        throughput=before.throughput.after(finished, ran * seconds, seconds),
    )


_NOTHING = _Reported(pid=0, started=0, active=0, waiting=0)


def _between(before: _Reported, now: _Reported) -> _Done:
    """A new process has lost what the former one ran, and has started every task that it counts."""
    if before.pid != now.pid or now.started < before.started:
        before = replace(_NOTHING, waiting=before.waiting)
    started = now.started - before.started
    return _Done(
        taken=started + now.waiting - before.waiting, finished=max(0, started - now.active + before.active)
    )


def _read(memory: _Memory, ready: int | None, mono: float) -> _Memory:
    """Add the queue lengths: arrivals are the growth of the queues plus what the workers took meanwhile."""
    if ready is None:
        return replace(memory, unread_since=_since(memory.unread_since, True, mono))
    memory = replace(memory, unread_since=None)
    if memory.ready is None:
        return replace(memory, ready=ready, ready_at=mono, taken=0)
    if mono - memory.ready_at < SAME_MOMENT_SECONDS:
        return memory
    came = memory.arrivals.after(ready - memory.ready + memory.taken, mono - memory.ready_at)
    return replace(memory, ready=ready, ready_at=mono, taken=0, arrivals=came)


def _since(before: float | None, is_true: bool, mono: float) -> float | None:
    if not is_true:
        return None
    return mono if before is None else before


def _lasting(since: float | None, mono: float) -> float:
    return 0.0 if since is None else mono - since
