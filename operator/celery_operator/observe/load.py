"""What each group has to do: levels from one look, and rates that only several looks tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from celery_health.broker import BrokerReading
from celery_health.wire.worker_report import WorkerReport
from celery_operator.api.names import WORKER_CONTAINER
from celery_operator.api.spec import CeleryDeploymentSpec, WorkerGroup
from celery_operator.observe.rates import Arrivals, Throughput, toward
from celery_operator.observe.waiting import LONGEST_GAP_SECONDS
from celery_operator.snapshot import GroupLoad, PodState

FRESH_SECONDS = 10.0
"""A report older than this says nothing for certain. Workers write one every second or two."""
BUSY_SECONDS = 5.0
"""Time constant of the busy slots: some looks long, so that one look which finds many slots idle counts for
little, and short enough that the first pods may go a few seconds after their load.
"""
SAME_MOMENT_SECONDS = 0.001
"""Looks closer than this are one: no rate can be told between them."""


@dataclass(frozen=True, slots=True)
class _Told:
    """One worker process at its last report, in tasks: ``started`` since it began, ``held`` but not begun."""

    pid: int
    started: int
    active: int
    held: int


@dataclass(frozen=True, slots=True)
class _Done:
    """What a worker did between two looks, in tasks: ``taken`` from the queues, and ``finished``."""

    taken: int
    finished: int


@dataclass(frozen=True, slots=True)
class _Memory:
    """One group at the last look.

    ``ready`` were in the queues at ``ready_at``, and ``taken`` have left them since, as workers tell.
    ``starting``: pods that had not run when they were last seen, and have not told since.
    """

    at: float
    active: int
    busy: float
    told: Mapping[str, _Told]
    starting: frozenset[str]
    ready: int | None = None
    ready_at: float = 0.0
    taken: int = 0
    arrivals: Arrivals = field(default_factory=Arrivals)
    throughput: Throughput = field(default_factory=Throughput)
    idle_since: float | None = None
    unread_since: float | None = None


class LoadMeter:
    """Remembers from look to look. All times are seconds of one clock that never goes back.

    What is not remembered, as after a restart of the operator, is 0 or None until it has been seen again.
    """

    def __init__(self) -> None:
        self._groups: Mapping[str, _Memory] = {}

    def look(
        self, spec: CeleryDeploymentSpec, broker: BrokerReading, pods: tuple[PodState, ...], mono: float
    ) -> Mapping[str, GroupLoad]:
        """Take in one look and tell the load of each group."""
        of: dict[str, list[PodState]] = {group.name: [] for group in spec.workers}
        for pod in pods:
            of.setdefault(pod.group, []).append(pod)
        seen = {
            group.name: _seen(self._groups.get(group.name), _ready(group, broker), of[group.name], mono)
            for group in spec.workers
        }
        self._groups = {name: memory for name, (memory, _) in seen.items()}
        return {name: load for name, (_, load) in seen.items()}


def _ready(group: WorkerGroup, broker: BrokerReading) -> int | None:
    """Messages in all queues of the group; None where the broker did not tell of each."""
    if broker.reachable is not True:
        return None
    told = {queue.name: queue.ready for queue in broker.queues}
    total = 0
    for name in group.queues:
        ready = told.get(name)
        if ready is None:
            return None
        total += ready
    return total


def _seen(
    before: _Memory | None, ready: int | None, pods: list[PodState], mono: float
) -> tuple[_Memory, GroupLoad]:
    reports = [report for report in map(_report, pods) if report]
    active = sum(report.active_count for report in reports)
    reserved = sum(report.reserved for report in reports)
    eta_held = sum(report.eta for report in reports)
    complete = all(map(_tells, pods))
    if before is None or mono - before.at > LONGEST_GAP_SECONDS:
        before = _Memory(at=mono, active=active, busy=active, told={}, starting=frozenset())
    memory = _read(_worked(before, pods, active, mono), ready, mono)
    idle = complete and ready == 0 and not active + reserved + eta_held
    memory = replace(memory, idle_since=_since(memory.idle_since, idle, mono))
    return memory, GroupLoad(
        ready=ready,
        active=active,
        reserved=reserved,
        eta_due=sum(report.eta_due for report in reports),
        eta_held=eta_held,
        complete=complete,
        arrival_rate=memory.arrivals.per_second,
        throughput_per_slot=memory.throughput.per_second,
        busy_slots=memory.busy,
        idle_for=_lasting(memory.idle_since, mono),
        unread_for=_lasting(memory.unread_since, mono),
    )


def _tells(pod: PodState) -> bool:
    """Its report is fresh, or it can hold no task that is not on its way back to the broker."""
    if pod.deleting or pod.phase in {"Pending", "Succeeded", "Failed"}:
        return True
    return _fresh(pod) or _ended(pod)


def _report(pod: PodState) -> WorkerReport | None:
    """What the worker last told, unless it has ended since and left that behind."""
    if pod.reading is None or (_ended(pod) and not _fresh(pod)):
        return None
    return pod.reading.report


def _fresh(pod: PodState) -> bool:
    reading = pod.reading
    return reading is not None and reading.report is not None and reading.age <= FRESH_SECONDS


def _ended(pod: PodState) -> bool:
    """The worker's container does not run: it failed, or waits for its next start."""
    return pod.trouble is not None and pod.trouble.container == WORKER_CONTAINER


def _worked(before: _Memory, pods: list[PodState], active: int, mono: float) -> _Memory:
    """Take in what the workers told. The last word of one that does not tell holds while it is there."""
    told: dict[str, _Told] = {}
    starting: set[str] = set()
    taken = finished = 0
    for pod in pods:
        known = before.told.get(pod.uid)
        report = _report(pod)
        if report is not None:
            now = _Told(report.pid, report.processed, report.active_count, report.reserved + report.eta)
            new = _NOTHING if pod.uid in before.starting else now
            done = _between(known or new, now)
            taken, finished = taken + done.taken, finished + done.finished
            told[pod.uid] = now
        elif known is not None:
            told[pod.uid] = known
        elif pod.phase == "Pending" or pod.uid in before.starting:
            starting.add(pod.uid)
    gone = sum(one.held for uid, one in before.told.items() if uid not in told)
    ran = (before.active + active) / 2
    seconds = mono - before.at
    return replace(
        before,
        at=mono,
        active=active,
        busy=toward(before.busy, ran, seconds, BUSY_SECONDS),
        told=told,
        starting=frozenset(starting),
        taken=before.taken + taken - gone,
        throughput=before.throughput.after(finished, ran * seconds, seconds),
    )


_NOTHING = _Told(pid=0, started=0, active=0, held=0)


def _between(before: _Told, now: _Told) -> _Done:
    """A process that began anew has lost what it ran, and started all that it counts."""
    if before.pid != now.pid or now.started < before.started:
        before = replace(_NOTHING, held=before.held)
    started = now.started - before.started
    return _Done(
        taken=started + now.held - before.held, finished=max(0, started - now.active + before.active)
    )


def _read(memory: _Memory, ready: int | None, mono: float) -> _Memory:
    """Take in what waits: what came is what waits more, and what the workers took meanwhile."""
    if ready is None:
        return replace(memory, unread_since=_since(memory.unread_since, True, mono))
    memory = replace(memory, unread_since=None)
    if memory.ready is None:
        return replace(memory, ready=ready, ready_at=mono, taken=0)
    if mono - memory.ready_at < SAME_MOMENT_SECONDS:
        return memory
    came = memory.arrivals.after(ready - memory.ready + memory.taken, mono - memory.ready_at)
    return replace(memory, ready=ready, ready_at=mono, taken=0, arrivals=came)


def _since(before: float | None, holds: bool, mono: float) -> float | None:
    if not holds:
        return None
    return mono if before is None else before


def _lasting(since: float | None, mono: float) -> float:
    return 0.0 if since is None else mono - since
