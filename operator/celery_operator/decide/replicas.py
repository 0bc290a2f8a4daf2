"""The one owner of replicas: how many pods each group should have, and the next step towards that number.

Nothing else decides a number of pods. The loop applies what stands here.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from celery_operator.api.annotations import ScalingPauses
from celery_operator.api.names import COMPONENT_WORKER
from celery_operator.api.spec import CeleryDeploymentSpec, WorkerGroup
from celery_operator.api.status import ScalingStatus, WorkerGroupStatus
from celery_operator.decide.draining.actions import DeletionCost, GroupActions
from celery_operator.decide.draining.drain_state import DrainPod, drain_pods
from celery_operator.decide.draining.failed_rollout import plan_in_failed_rollout
from celery_operator.decide.draining.overdue import overdue_notes
from celery_operator.decide.draining.plan import DrainPlan, leaving_pods, plan
from celery_operator.decide.event_note import EventNote, EventReason
from celery_operator.decide.evidence.worker_state import Worker, WorkerState
from celery_operator.decide.orders import DRAIN_RENEWAL_SECONDS, DrainOrder
from celery_operator.decide.scaling import schedule
from celery_operator.decide.scaling.autoscale import scale
from celery_operator.decide.scaling.decision import ScalingDecision
from celery_operator.decide.scaling.desired import DesiredReplicas
from celery_operator.decide.times import rfc3339
from celery_operator.snapshot import DeploymentState, GroupLoad, ScalingHistory, Snapshot


class ReplicaInput(NamedTuple):
    """Everything that decides the replicas of one group.

    ``by_spec``: the number that the spec alone asks for. ``previous``: the group's entry in the last status.
    ``deployment``: the group's Deployment, with the replicas that are in force. ``applied``: what the last
    reconcile asked for, which may still be on its way to the Deployment. ``pods``: those that are not being
    deleted, with their drain requests and deletion costs. ``chosen``: when each pod that drains was chosen,
    by uid; ``leaving``: the uids of pods that are being deleted. ``mono`` is a time on the clock of
    ``history`` and ``chosen``.
    """

    group: WorkerGroup
    suspended: bool
    by_spec: int
    previous: WorkerGroupStatus | None
    deployment: DeploymentState | None
    applied: int | None
    pods: tuple[DrainPod, ...]
    chosen: Mapping[str, float]
    leaving: frozenset[str]
    load: GroupLoad | None
    history: ScalingHistory
    pauses: ScalingPauses
    now: datetime
    mono: float


class GroupReplicas(NamedTuple):
    """What is decided about the replicas of one group."""

    desired: DesiredReplicas
    actions: GroupActions


def decide_replicas(snapshot: Snapshot, workers: tuple[Worker, ...]) -> Mapping[str, GroupReplicas]:
    """The decision by group. ``workers``: all, pods that are being deleted included."""
    return {one.group.name: _decide(one) for one in _inputs(snapshot, workers)}


def initial_replicas(spec: CeleryDeploymentSpec, group: WorkerGroup, in_force: int | None) -> int:
    """The replicas of a Deployment before the first decision: those in force, so that nothing changes.

    ``in_force`` is None for a Deployment that does not exist: it gets what the spec asks for.
    """
    return spec.replicas_of(group) if in_force is None else in_force


def waits_for_messages(snapshot: Snapshot, decided: Mapping[str, GroupReplicas]) -> bool:
    """Whether each group that follows its load has no pods, none to come and no messages.

    Then only a message, an object that changes, or the time of a schedule changes the decision.
    """
    scaled = {group.name for group in snapshot.spec.workers if group.autoscaling}
    if not scaled or snapshot.spec.suspend or any(pod.group in scaled for pod in snapshot.pods):
        return False
    loads = [snapshot.loads.get(name) for name in scaled]
    if any(load is None or load.ready != 0 for load in loads):
        return False
    in_force = {one.group: one.in_force for one in snapshot.deployments}
    return all(decided[name].actions.replicas == in_force.get(name) == 0 for name in scaled)


def _inputs(snapshot: Snapshot, workers: tuple[Worker, ...]) -> Iterator[ReplicaInput]:
    previous = {status.name: status for status in snapshot.previous.workers}
    deployments = {one.group: one for one in snapshot.deployments if one.component == COMPONENT_WORKER}
    memory = snapshot.memory
    chosen_for = {uid: max(0.0, snapshot.mono - since) for uid, since in memory.chosen.items()}
    pods = drain_pods(workers, chosen_for, memory.refused_orders)
    leaving = {worker.pod.uid for worker in workers if worker.state is WorkerState.LEAVING}
    for group in snapshot.spec.workers:
        yield ReplicaInput(
            group=group,
            suspended=snapshot.spec.suspend,
            by_spec=snapshot.spec.replicas_of(group),
            previous=previous.get(group.name),
            deployment=deployments.get(group.name),
            applied=snapshot.memory.replicas.get(group.name),
            pods=tuple(pods.get(group.name, ())),
            chosen=memory.chosen,
            leaving=frozenset(leaving),
            load=snapshot.loads.get(group.name),
            history=snapshot.memory.histories.get(group.name, ScalingHistory()),
            pauses=snapshot.annotations.scaling_pauses,
            now=snapshot.now,
            mono=snapshot.mono,
        )


def _decide(one: ReplicaInput) -> GroupReplicas:
    desired = _desired(one)
    return GroupReplicas(desired, _actions(one, desired.replicas))


def _desired(one: ReplicaInput) -> DesiredReplicas:
    rules, load = one.group.autoscaling, one.load
    if rules is None or one.suspended:
        return DesiredReplicas(one.by_spec)
    before, status = _before(one)
    current = rules.min_replicas if before is None else before
    if load is None:
        return DesiredReplicas(current, status=status, scales_out=True)
    decision = scale(
        rules,
        current,
        one.group.slots,
        load,
        one.history,
        one.mono,
        floor=schedule.floor(rules.schedule, one.now),
        pauses=one.pauses,
    )
    scales_out = not one.pauses.scale_out
    if before is None or decision.replicas == before:
        return DesiredReplicas(decision.replicas, decision, status, scales_out=scales_out)
    reason = EventReason.SCALED_OUT if decision.replicas > before else EventReason.SCALED_IN
    note = EventNote("Normal", reason, f"Group {one.group.name}: {decision.message}")
    return DesiredReplicas(decision.replicas, decision, _status(decision, load, one.now), note, scales_out)


def _before(one: ReplicaInput) -> tuple[int | None, ScalingStatus | None]:
    """The last decision stands in the status, so that it outlives a restart of the operator. Otherwise the
    Deployment shows it.
    """
    if one.previous is not None and one.previous.desired_replicas is not None:
        return one.previous.desired_replicas, one.previous.scaling
    return (one.deployment.in_force if one.deployment else None), None


def _status(decision: ScalingDecision, load: GroupLoad, now: datetime) -> ScalingStatus:
    return ScalingStatus(
        message=decision.message,
        at=rfc3339(now),
        ready=load.ready,
        arrival_per_second=round(load.arrival_rate, 1),
        throughput_per_slot=None if load.throughput_per_slot is None else round(load.throughput_per_slot, 2),
    )


def _actions(one: ReplicaInput, desired: int) -> GroupActions:
    """A group without a Deployment starts with what it should have."""
    deployment, limit = one.deployment, one.group.drain_timeout_seconds
    if deployment is None:
        return GroupActions(desired)
    in_force = deployment.in_force if one.applied is None else min(deployment.in_force, one.applied)
    pods = {pod.uid: pod for pod in one.pods}
    found = _next_step(one, deployment, desired, in_force)
    requests = {
        **dict.fromkeys(_to_renew(found, pods), True),
        **dict.fromkeys(found.drain, True),
        **dict.fromkeys(found.undrain, False),
    }
    return GroupActions(
        replicas=found.replicas,
        orders=tuple(DrainOrder(pods[uid].name, uid, drain) for uid, drain in requests.items()),
        costs=tuple(DeletionCost(pods[uid].name, uid, cost) for uid, cost in found.costs.items()),
        draining=len(found.victims),
        chosen=_chosen(one, found),
        soon=found.soon,
        notes=overdue_notes(one.group.name, [pods[uid] for uid in found.overdue], limit),
    )


def _next_step(one: ReplicaInput, deployment: DeploymentState, desired: int, in_force: int) -> DrainPlan:
    limit = one.group.drain_timeout_seconds
    if deployment.rollout_stopped and desired and not _is_settled(deployment):
        return plan_in_failed_rollout(desired, in_force, one.pods, deployment, drain_timeout=limit)
    return plan(desired, in_force, one.pods, drain_timeout=limit, settled=_is_settled(deployment))


def _chosen(one: ReplicaInput, found: DrainPlan) -> Mapping[str, float]:
    """When each pod was chosen, also of the pods that are being deleted or are about to be."""
    gone = one.leaving | leaving_pods(found.replicas, one.pods)
    kept = {uid: since for uid, since in one.chosen.items() if uid in gone}
    return kept | {uid: one.chosen.get(uid, one.mono) for uid in found.victims}


def _to_renew(found: DrainPlan, pods: Mapping[str, DrainPod]) -> Iterator[str]:
    """The pods whose drain would end by itself although it goes on."""
    for uid in found.victims:
        expires_in = pods[uid].expires_in
        if expires_in is not None and expires_in < DRAIN_RENEWAL_SECONDS:
            yield uid


def _is_settled(deployment: DeploymentState) -> bool:
    """Whether all pods are of the present template, so that they have one ReplicaSet."""
    return deployment.is_observed and deployment.updated == deployment.replicas
