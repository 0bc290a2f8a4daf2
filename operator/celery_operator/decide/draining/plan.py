"""Which pods of a group go when fewer are wanted, and how far its Deployment may be lowered now: pure.

A ReplicaSet deletes in this order: pods without a node, pending ones, unready ones, those of a lower
deletion cost (``ActivePodsWithRanks`` in kubernetes/pkg/controller). Which of those that are alike in all
this it takes depends on nodes, ages and chance: nothing here relies on that.

What was done before is read from the pods alone, so that a restarted operator goes on where it was.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from celery_operator.decide.draining.drain_state import FRESH_SECONDS, DrainPod, Hold, Place

REMOVABLE_COST = -1000
"""The deletion cost of pods that may go, or soon may; that of all others is higher."""

SPENT_COST = -2000
"""That of pods that need not wait for the others that may soon go."""


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


def _rank(pod: DrainPod) -> tuple[int, int, int, bool, int, Place]:
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
