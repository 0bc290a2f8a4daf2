"""The drain plan of a group whose rollout has failed: pods of two templates exist, and will for long.

The Deployment controller then decides how many pods each ReplicaSet loses. So pods drain in each ReplicaSet
as far as the controller will take them, and replicas are lowered only to a number for which it takes no more.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from celery_operator.decide.draining.drain_state import DrainPod
from celery_operator.decide.draining.plan import (
    REMOVABLE_COST,
    SPENT_COST,
    DrainPlan,
    certain_deletions,
    choose_victims,
    is_overdue,
    is_soon_spent,
    is_spent,
)
from celery_operator.decide.draining.proportions import ReplicaSetSize, most_deletions
from celery_operator.snapshot import DeploymentState

_MOST_REPLICA_SETS = 2


@dataclass(frozen=True, slots=True)
class _Step:
    """A number to lower replicas to, and the pods that are deleted for it at most, by ReplicaSet."""

    replicas: int
    deleted: tuple[int, ...]

    def takes_only(self, certain: Sequence[Sequence[DrainPod]]) -> bool:
        """Whether every ReplicaSet deletes only pods of ``certain``: those that it deletes first."""
        return all(taken <= len(own) for taken, own in zip(self.deleted, certain, strict=True))


def plan_in_failed_rollout(
    desired: int,
    replicas: int,
    pods: Sequence[DrainPod],
    deployment: DeploymentState,
    *,
    drain_timeout: float,
) -> DrainPlan:
    """The next step from ``replicas``, which are in force, to ``desired``, which is not 0.

    Replicas are not lowered so far that fewer than ``desired`` pods are ready. Nothing changes while the
    controller is at work, or while pods are missing: it is unknown then which pods are about to be deleted.
    """
    sets = _by_replica_set(pods)
    if desired > replicas or deployment.in_force != replicas or not _is_at_rest(pods, sets, deployment):
        draining = tuple(pod.uid for pod in pods if pod.drains)
        return DrainPlan(max(desired, replicas), victims=draining if desired <= replicas else ())
    steps = list(_steps(desired, replicas, sets, deployment))
    goal = min(steps, key=lambda step: step.replicas, default=_Step(replicas, (0,) * len(sets)))
    victims = [
        pod for taken, own in zip(goal.deleted, sets, strict=True) for pod in choose_victims(taken, own)
    ]
    overdue = {pod.uid for pod in victims if is_overdue(pod, drain_timeout)}
    spent = overdue | {pod.uid for pod in victims if is_spent(pod)}
    certain = [certain_deletions(own, spent) for own in sets]
    possible = (step for step in steps if step.takes_only(certain))
    lowest = min(possible, key=lambda step: step.replicas, default=_Step(replicas, (0,) * len(sets)))
    removing = [pod.uid for taken, own in zip(lowest.deleted, certain, strict=True) for pod in own[:taken]]
    soon = [pod.uid for pod in victims if pod.uid not in spent and is_soon_spent(pod)]
    chosen = {pod.uid for pod in victims}
    return DrainPlan(
        replicas=lowest.replicas,
        drain=tuple(pod.uid for pod in victims if pod.drain_requested is False),
        undrain=tuple(pod.uid for pod in pods if pod.drain_requested and pod.uid not in chosen),
        costs=_costs(pods, spent, soon) if lowest.replicas == replicas else {},
        victims=tuple(pod.uid for pod in victims),
        removing=tuple(removing),
        overdue=tuple(uid for uid in removing if uid in overdue),
        soon=bool(soon),
    )


def _by_replica_set(pods: Sequence[DrainPod]) -> list[list[DrainPod]]:
    names = sorted({pod.replica_set for pod in pods})
    return [[pod for pod in pods if pod.replica_set == name] for name in names]


def _is_at_rest(
    pods: Sequence[DrainPod], sets: Sequence[Sequence[DrainPod]], deployment: DeploymentState
) -> bool:
    """Whether the controller has done all it will, and every ReplicaSet has its pods."""
    complete = len(pods) == deployment.replicas == deployment.size
    return (
        deployment.is_observed
        and complete
        and len(sets) <= _MOST_REPLICA_SETS
        and bool(_new_ones(sets, deployment.updated))
    )


def _steps(
    desired: int, replicas: int, sets: Sequence[Sequence[DrainPod]], deployment: DeploymentState
) -> Iterator[_Step]:
    """The numbers to which replicas may be lowered, once enough pods have drained."""
    sizes = [ReplicaSetSize(len(own), sum(pod.ready for pod in own)) for own in sets]
    present = sum(size.ready for size in sizes)
    for lower in range(desired, replicas):
        outcomes = [_deleted(sizes, new, replicas, lower) for new in _new_ones(sets, deployment.updated)]
        deleted = tuple(max(counts) for counts in zip(*outcomes, strict=True))
        # A ReplicaSet deletes pods that are not ready first.
        ready = sum(min(size.ready, size.pods - taken) for size, taken in zip(sizes, deleted, strict=True))
        if ready >= min(desired, present):
            yield _Step(lower, deleted)


def _new_ones(sets: Sequence[Sequence[DrainPod]], updated: int) -> list[int | None]:
    """The indices of those that may be the new ReplicaSet, or None where it has no pod.

    The Deployment shows the size of the new one only: two of one size are tried both ways.
    """
    if not updated and len(sets) == 1:
        return [None]
    return [number for number, own in enumerate(sets) if len(own) == updated]


def _deleted(sizes: Sequence[ReplicaSetSize], new: int | None, before: int, after: int) -> tuple[int, ...]:
    """By ReplicaSet. ``new``: the index of the new one; None where it has no pod."""
    nothing = ReplicaSetSize(0, 0)
    old = next((size for number, size in enumerate(sizes) if number != new), nothing)
    found = most_deletions(old, nothing if new is None else sizes[new], before, after)
    return tuple(found.new if number == new else found.old for number in range(len(sizes)))


def _costs(pods: Sequence[DrainPod], spent: Collection[str], soon: Collection[str]) -> dict[str, int]:
    """The deletion costs to change. Nothing is being deleted, so that no pod needs to keep its cost."""
    costs = dict.fromkeys(soon, REMOVABLE_COST) | dict.fromkeys(spent, SPENT_COST)
    lower = {
        pod.uid: costs[pod.uid]
        for pod in pods
        if not pod.pending and pod.uid in costs and pod.deletion_cost > costs[pod.uid]
    }
    free = {pod.uid: 0 for pod in pods if pod.deletion_cost <= REMOVABLE_COST and pod.uid not in costs}
    return lower | free
