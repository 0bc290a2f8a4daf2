"""Which pods of a group drain on a scale-in, and how far replicas may be lowered now.

A ReplicaSet deletes pods in this order: without a node, pending, not ready, lower deletion cost
(``ActivePodsWithRanks`` in kubernetes/pkg/controller). Its choice among pods that are equal in all of this
depends on nodes, ages and chance: nothing here relies on it.

Everything that was done before is read from the pods, so that a restarted operator continues where it was.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from celery_operator.decide.draining.drain_state import FRESH_FOR_DRAIN_SECONDS, DrainPod, DrainState, Place

REMOVABLE_COST = -1000
"""The deletion cost of pods that may be deleted now or soon. The cost of all others is higher."""

SPENT_COST = -2000
"""The cost of pods that may be deleted before the others that may be deleted soon."""


@dataclass(frozen=True, slots=True)
class DrainPlan:
    """One step towards the desired number; pods are named by uid.

    ``replicas``: the next replicas of the Deployment. ``drain`` and ``undrain``: the pods to send these
    orders. ``costs``: the deletion costs to change. ``victims``: the pods that are to be deleted, now or
    later. ``removing``: the pods that the ReplicaSet deletes for ``replicas``, as far as known. ``overdue``:
    those of ``removing`` that still work after their time to drain. ``soon``: some of ``victims`` run
    nothing, and will have drained in a moment.
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
    desired: int, replicas: int, pods: Sequence[DrainPod], *, drain_timeout: float, settled: bool
) -> DrainPlan:
    """The next step from ``replicas``, which are in force, to ``desired``.

    ``pods`` are all that are not being deleted. ``drain_timeout``: seconds after which a pod that still works
    is deleted nevertheless. ``settled`` is false in a rollout, when it is unknown from which ReplicaSet pods
    are deleted: then no other pod is drained, unless all are to go, and replicas are not lowered, unless all
    may go then.

    Replicas are raised at once. They are lowered only on what is seen: a deletion cost that this step sets
    counts from the step that finds it set.
    """
    if desired >= replicas:
        return _keep(desired, replicas, pods)
    return _lower(desired, replicas, pods, drain_timeout, settled)


def _keep(desired: int, replicas: int, pods: Sequence[DrainPod]) -> DrainPlan:
    """Draining pods exist already, so they consume again before new pods are created."""
    leaving = leaving_pods(replicas, pods)
    return DrainPlan(
        replicas=desired,
        undrain=tuple(pod.uid for pod in pods if pod.drain_requested and pod.uid not in leaving),
        # Adding pods is urgent, ranking the existing ones is not.
        costs=_costs(replicas, pods, {}) if desired == replicas else {},
    )


def _lower(
    desired: int, replicas: int, pods: Sequence[DrainPod], drain_timeout: float, settled: bool
) -> DrainPlan:
    free = settled or desired == 0
    surplus = max(0, len(pods) - desired)
    victims = choose_victims(surplus, pods if free else [pod for pod in pods if pod.drains])
    # A silent pod that the ReplicaSet deletes first keeps no other pod for ever.
    first = (
        [pod for pod in pods if pod.is_exposed and pod.drain_state is DrainState.UNKNOWN] if surplus else []
    )
    overdue = {pod.uid for pod in (*victims, *first) if is_overdue(pod, drain_timeout)}
    spent = overdue | {pod.uid for pod in victims if is_spent(pod)}
    removable = certain_deletions(pods, spent)
    lowered = min(replicas, max(desired, len(pods) - min(surplus, len(removable))))
    if not settled and (desired or len(removable) < len(pods)):
        lowered, removable = replicas, []
    removing = [pod.uid for pod in removable[: max(0, len(pods) - lowered)]]
    # No other pod may get the place of the pods that are being deleted.
    quiet = lowered == replicas >= len(pods)
    cost = SPENT_COST if quiet and settled else REMOVABLE_COST
    soon = [pod.uid for pod in victims if pod.uid not in spent and is_soon_spent(pod)]
    going = dict.fromkeys(spent, cost) | dict.fromkeys(soon if quiet else (), REMOVABLE_COST)
    # Where every pod is deleted now, the ReplicaSet has nothing to choose.
    costs = _costs(replicas, pods, going, removing) if len(removing) < len(pods) else {}
    still_drained = {pod.uid for pod in victims} | leaving_pods(replicas, pods)
    return DrainPlan(
        replicas=lowered,
        drain=tuple(pod.uid for pod in victims if pod.drain_requested is False),
        undrain=tuple(pod.uid for pod in pods if pod.drain_requested and pod.uid not in still_drained),
        costs=costs,
        victims=tuple(pod.uid for pod in victims),
        removing=tuple(removing),
        overdue=tuple(uid for uid in removing if uid in overdue),
        soon=bool(soon),
    )


def choose_victims(surplus: int, pods: Sequence[DrainPod]) -> list[DrainPod]:
    """The pods to delete: first those that the ReplicaSet deletes first anyway, then draining pods, then
    those with the fewest tasks in flight, and at last those whose tasks are not known.

    ``pods`` are those that may be deleted at all.
    """
    if not surplus:
        return []
    ranked = sorted(pods, key=attrgetter("created_at", "uid"), reverse=True)
    ranked.sort(key=_rank)
    return ranked[:surplus]


def _rank(pod: DrainPod) -> tuple[int, int, int, bool, int, Place]:
    unknown = pod.drain_state is DrainState.UNKNOWN
    exposed = pod.is_exposed and pod.is_idle and not unknown
    tier = 0 if exposed else 1 if pod.drains else 3 if unknown else 2
    return tier, pod.active, pod.reserved, pod.drain_state is not DrainState.DRAINED, pod.eta, pod.place


def is_spent(pod: DrainPod) -> bool:
    """Whether it can be deleted: it has drained, and was asked to drain where its sidecar answers."""
    return pod.drain_state is DrainState.DRAINED and pod.drain_requested is not False


def is_soon_spent(pod: DrainPod) -> bool:
    """Whether it will have drained by the next reconcile: its cost is set ahead, to save one reconcile."""
    if not pod.is_idle or pod.drain_requested is None:
        return False
    return not pod.drain_requested or (
        pod.drain_requested_for is not None and pod.drain_requested_for < FRESH_FOR_DRAIN_SECONDS
    )


def is_overdue(pod: DrainPod, drain_timeout: float) -> bool:
    """Whether its time to drain is over. It is deleted then, and drains by its stop hook.

    The time runs from when the operator chose the pod, whatever is seen of the pod and whether or not its
    sidecar takes the order. A pod that has been without a report for as long has had that time.
    """
    if is_spent(pod):
        return False
    if (pod.chosen_for or 0.0) > drain_timeout:
        return True
    if pod.drain_state is DrainState.UNKNOWN:
        return pod.silent_for > drain_timeout
    return pod.drain_requested is True and (pod.drain_requested_for or 0.0) > drain_timeout


def certain_deletions(pods: Sequence[DrainPod], spent: Collection[str]) -> list[DrainPod]:
    """The pods that the ReplicaSet certainly deletes before any pod that must stay, in that order.

    A pod that is not a victim may be deleted instead of a victim, where neither has begun to work.
    """
    going, first_to_stay = [], None
    for pod in pods:
        if pod.uid in spent or (pod.drain_requested is None and is_spent(pod)):
            going.append(pod)
        elif first_to_stay is None or pod.place < first_to_stay:
            first_to_stay = pod.place
    if first_to_stay is not None:
        going = [pod for pod in going if pod.place < first_to_stay]
    return sorted(going, key=attrgetter("place"))


def leaving_pods(replicas: int, pods: Sequence[DrainPod]) -> set[str]:
    """The pods that the ReplicaSet may be about to delete, because replicas were lowered before.

    None of them may consume again before replicas are raised. Some may have no deletion cost: the last pods
    of a group are deleted without one, and so are pods below a cost that somebody else has set.
    """
    count = len(pods) - replicas
    if count <= 0:
        return set()
    last = sorted(pod.place for pod in pods)[count - 1]
    return {pod.uid for pod in pods if pod.place <= last}


def _costs(
    replicas: int, pods: Sequence[DrainPod], going: Mapping[str, int], removing: Collection[str] = ()
) -> dict[str, int]:
    """The deletion costs to change, to those of ``going`` at most. Costs that others have set stay where they
    do no harm.
    """
    costs = {
        pod.uid: going[pod.uid]
        for pod in pods
        if pod.uid in going and not pod.pending and pod.deletion_cost > going[pod.uid]
    }
    if len(pods) <= replicas:
        # Keep the cost of pods that are about to be deleted; otherwise the ReplicaSet picks others.
        kept = {*removing, *going}
        costs |= {pod.uid: 0 for pod in pods if pod.deletion_cost <= REMOVABLE_COST and pod.uid not in kept}
    return costs
