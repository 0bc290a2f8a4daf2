"""Which pods of a group go when fewer are wanted, and how far its Deployment may be lowered now: pure.

A ReplicaSet deletes in this order: pods without a node, pending ones, unready ones, those of a lower
deletion cost (``ActivePodsWithRanks`` in kubernetes/pkg/controller). Which of those that are alike in all
this it takes depends on nodes, ages and chance: nothing here relies on that.

What was done before is read from the pods alone, so that a restarted operator goes on where it was.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from operator import attrgetter

from celery_health.report import Phase, WorkerReport
from celery_health.worker import WorkerReason
from celery_operator.api.names import WORKER_CONTAINER
from celery_operator.decide.groups import GroupView
from celery_operator.decide.pods import Standing, Worker
from celery_operator.snapshot import SidecarReading

REMOVABLE_COST = -1000
"""The deletion cost of pods that may go, or soon may; that of all others is higher."""

SPENT_COST = -2000
"""That of pods that need not wait for the others that may soon go."""

FRESH_SECONDS = 5.0
"""Agents report every second: what is older tells nothing of now."""

_Place = tuple[bool, bool, bool, int]

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
    def place(self) -> _Place:
        """A ReplicaSet deletes pods of a smaller one first."""
        return self.scheduled, not self.pending, self.ready, self.deletion_cost


@dataclass(frozen=True, slots=True)
class DrainPlan:
    """One step towards the wanted number; pods are named by uid.

    ``replicas``: what the Deployment is to have. ``drain`` and ``undrain``: whom to ask. ``costs``: the
    deletion costs to change. ``victims``: those that go, sooner or later. ``removing``: those that the
    ReplicaSet deletes for ``replicas``, as far as that can be told. ``overdue``: those of ``removing`` that
    still work, beyond the time that draining may take. ``soon``: some of ``victims`` run nothing, and will
    have drained in a moment.
    """

    replicas: int
    drain: tuple[str, ...] = ()
    undrain: tuple[str, ...] = ()
    costs: Mapping[str, int] = field(default_factory=dict)
    victims: tuple[str, ...] = ()
    removing: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
    soon: bool = False


def drain_pods(group: GroupView) -> tuple[DrainPod, ...]:
    """The group's pods that are not being deleted, with what each of them holds."""
    return tuple(_drain_pod(worker) for worker in group.present)


def plan(
    wanted: int, replicas: int, pods: Sequence[DrainPod], *, drain_timeout: float, settled: bool
) -> DrainPlan:
    """The next step from ``replicas``, which the Deployment has, to ``wanted``.

    ``pods`` are all that are not being deleted. ``drain_timeout``: after so many seconds a pod that still
    works goes nevertheless. ``settled`` is false in a rollout, when nobody knows from which ReplicaSet pods
    are taken: then nothing new is drained, unless all pods go, and nothing lowered, unless all may go then.

    Raising is at once. Lowering counts on nothing that is not seen: a deletion cost that this step sets
    counts from the step that finds it set.
    """
    if wanted >= replicas:
        return _keep(wanted, replicas, pods)
    return _lower(wanted, replicas, pods, drain_timeout, settled)


def _keep(wanted: int, replicas: int, pods: Sequence[DrainPod]) -> DrainPlan:
    """Pods that drain are there already, and so they come before new ones."""
    leaving = _leaving(replicas, pods)
    return DrainPlan(
        replicas=wanted,
        undrain=tuple(pod.uid for pod in pods if pod.drain_wanted and pod.uid not in leaving),
        # To add pods is urgent, to rank those that are there is not.
        costs=_costs(replicas, pods, {}) if wanted == replicas else {},
    )


def _lower(
    wanted: int, replicas: int, pods: Sequence[DrainPod], drain_timeout: float, settled: bool
) -> DrainPlan:
    free = settled or wanted == 0
    surplus = max(0, len(pods) - wanted)
    known = [pod for pod in pods if pod.hold is not Hold.UNKNOWN or _is_overdue(pod, drain_timeout)]
    victims = _victims(surplus, known if free else [pod for pod in known if pod.drain_wanted])
    overdue = {pod.uid for pod in victims if _is_overdue(pod, drain_timeout)}
    spent = overdue | {pod.uid for pod in victims if _is_spent(pod)}
    removable = _removable(pods, spent)
    lowered = min(replicas, max(wanted, len(pods) - min(surplus, len(removable))))
    if not settled and (wanted or len(removable) < len(pods)):
        lowered, removable = replicas, []
    removing = [pod.uid for pod in removable[: max(0, len(pods) - lowered)]]
    # Nobody else may come to the place of those that are being deleted.
    quiet = lowered == replicas >= len(pods)
    cost = SPENT_COST if quiet and settled else REMOVABLE_COST
    soon = [pod.uid for pod in victims if pod.uid not in spent and _is_soon_spent(pod)]
    going = dict.fromkeys(spent, cost) | dict.fromkeys(soon if quiet else (), REMOVABLE_COST)
    still_drained = {pod.uid for pod in victims} | _leaving(replicas, pods)
    return DrainPlan(
        replicas=lowered,
        drain=tuple(pod.uid for pod in victims if pod.drain_wanted is False),
        undrain=tuple(pod.uid for pod in pods if pod.drain_wanted and pod.uid not in still_drained),
        costs=_costs(replicas, pods, going, removing),
        victims=tuple(pod.uid for pod in victims),
        removing=tuple(removing),
        overdue=tuple(uid for uid in removing if uid in overdue),
        soon=bool(soon),
    )


def _victims(surplus: int, pods: Sequence[DrainPod]) -> list[DrainPod]:
    """Those to lose: what the ReplicaSet takes first anyway, then what drains already, then the emptiest.

    ``pods`` are those that may be lost at all.
    """
    if not surplus:
        return []
    ranked = sorted(pods, key=attrgetter("created_at", "uid"), reverse=True)
    ranked.sort(key=_rank)
    return ranked[:surplus]


def _rank(pod: DrainPod) -> tuple[int, int, int, bool, int, _Place]:
    exposed = pod.is_exposed and pod.is_idle
    tier = 3 if pod.hold is Hold.UNKNOWN else 0 if exposed else 1 if pod.drain_wanted else 2
    return tier, pod.active, pod.reserved, pod.hold is not Hold.NOTHING, pod.eta_held, pod.place


def _is_spent(pod: DrainPod) -> bool:
    """It can be deleted: whoever can be asked to fetch no more has been asked."""
    return pod.hold is Hold.NOTHING and pod.drain_wanted is not False


def _is_soon_spent(pod: DrainPod) -> bool:
    """It will have drained by the next look: its cost is set ahead, so as not to lose a look."""
    if not pod.is_idle or pod.drain_wanted is None:
        return False
    return not pod.drain_wanted or (pod.draining_for is not None and pod.draining_for < FRESH_SECONDS)


def _is_overdue(pod: DrainPod, drain_timeout: float) -> bool:
    """It has had its time to drain; one that never tells had the same, and drains by its stop hook."""
    if pod.hold is Hold.UNKNOWN:
        return pod.silent_for > drain_timeout
    return (
        pod.hold is Hold.SOMETHING
        and pod.drain_wanted is True
        and pod.draining_for is not None
        and pod.draining_for > drain_timeout
    )


def _removable(pods: Sequence[DrainPod], spent: Collection[str]) -> list[DrainPod]:
    """Those that the ReplicaSet surely deletes before any that must not go, the first of them first.

    A pod that is not a victim may go as well as one that is, where neither has begun to work.
    """
    going, first_to_stay = [], None
    for pod in pods:
        if pod.uid in spent or (pod.drain_wanted is None and _is_spent(pod)):
            going.append(pod)
        elif first_to_stay is None or pod.place < first_to_stay:
            first_to_stay = pod.place
    if first_to_stay is not None:
        going = [pod for pod in going if pod.place < first_to_stay]
    return sorted(going, key=attrgetter("place"))


def _leaving(replicas: int, pods: Sequence[DrainPod]) -> set[str]:
    """Those that the ReplicaSet may be about to delete, because the Deployment was lowered before.

    None of them may work again before its deletion is called off. Not all of them need have a rank: the last
    pods of a group go without one, and so do those below a cost that somebody else has set.
    """
    count = len(pods) - replicas
    if count <= 0:
        return set()
    last = sorted(pod.place for pod in pods)[count - 1]
    return {pod.uid for pod in pods if pod.place <= last}


def _costs(
    replicas: int, pods: Sequence[DrainPod], going: Mapping[str, int], removing: Collection[str] = ()
) -> dict[str, int]:
    """The deletion costs to change, to those of ``going`` at most. What others have set may stay where it
    does no harm.
    """
    costs = {
        pod.uid: going[pod.uid]
        for pod in pods
        if pod.uid in going and not pod.pending and pod.deletion_cost > going[pod.uid]
    }
    if len(pods) <= replicas:
        # Whom the ReplicaSet is about to delete keeps its place, or another would have to go instead.
        kept = {*removing, *going}
        costs |= {pod.uid: 0 for pod in pods if pod.deletion_cost <= REMOVABLE_COST and pod.uid not in kept}
    return costs


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
        eta_held=report.eta_held if report else 0,
        drain_wanted=reading.drain_wanted if reading else None,
        draining_for=reading.draining_for if reading else None,
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
    if report.active_count or report.reserved:
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
