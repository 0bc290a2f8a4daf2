"""The next step of each group on the way to its target: orders to sidecars, deletion costs, then replicas."""

from collections.abc import Mapping
from dataclasses import dataclass

from celery_operator.decide.draining.drain_state import drain_pods
from celery_operator.decide.draining.plan import plan
from celery_operator.decide.events import EventNote
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupView
from celery_operator.decide.orders import DrainOrder
from celery_operator.snapshot import DeploymentState


@dataclass(frozen=True, slots=True)
class DeletionCost:
    """What ranks a pod when its ReplicaSet has to delete some: the lowest goes first."""

    pod: str
    uid: str
    cost: int


@dataclass(frozen=True, slots=True)
class GroupStep:
    """``costs`` have to be there before ``replicas``, which are those of the Deployment, are lowered.

    ``draining`` counts the pods that go once they hold nothing; with ``soon`` one of them will in a moment.
    """

    replicas: int
    orders: tuple[DrainOrder, ...] = ()
    costs: tuple[DeletionCost, ...] = ()
    draining: int = 0
    soon: bool = False
    notes: tuple[EventNote, ...] = ()


def steps(evidence: Evidence) -> Mapping[str, GroupStep]:
    """By group. A group without a Deployment starts with what it should have."""
    limits = {group.name: group.drain_timeout_seconds for group in evidence.snapshot.spec.workers}
    decided = evidence.snapshot.decided
    return {
        group.name: _step(group, limits[group.name], decided.get(group.name)) for group in evidence.groups
    }


def _step(group: GroupView, limit: float, decided: int | None) -> GroupStep:
    """``decided``: what the last step asked for, which may be on its way to the Deployment."""
    deployment = group.deployment
    if deployment is None:
        return GroupStep(group.wanted)
    in_force = deployment.wanted if decided is None else min(deployment.wanted, decided)
    pods = drain_pods(group)
    names = {pod.uid: pod.name for pod in pods}
    found = plan(group.wanted, in_force, pods, drain_timeout=limit, settled=_settled(deployment))
    wishes = {**dict.fromkeys(found.drain, True), **dict.fromkeys(found.undrain, False)}
    return GroupStep(
        replicas=found.replicas,
        orders=tuple(DrainOrder(names[uid], uid, wanted) for uid, wanted in wishes.items()),
        costs=tuple(DeletionCost(names[uid], uid, cost) for uid, cost in found.costs.items()),
        draining=len(found.victims),
        soon=found.soon,
        notes=tuple(_overdue(group, names[uid], limit) for uid in found.overdue),
    )


def _settled(deployment: DeploymentState) -> bool:
    """All pods are of the present template, or the rollout to it has failed."""
    if deployment.failure is not None:
        return True
    taken_in = deployment.observed_generation >= deployment.generation
    return taken_in and deployment.updated == deployment.replicas


def _overdue(group: GroupView, pod: str, limit: float) -> EventNote:
    return EventNote(
        "Warning",
        "DrainOverdue",
        f"Pod {pod} of group {group.name} has not drained within {limit:g} s: it is stopped and has its grace"
        " period; a longer workers[].drainTimeoutSeconds waits longer",
    )
