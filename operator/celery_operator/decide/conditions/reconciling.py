"""Reconciling: owned objects are being updated. True is the exceptional state, as kstatus reads it."""

from collections.abc import Iterator

from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.text import part_is
from celery_health.verdicts.verdict import Verdict
from celery_operator.api import names
from celery_operator.decide.condition_state import ConditionState, by_verdict, no, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupEvidence
from celery_operator.decide.evidence.worker_state import WorkerState
from celery_operator.decide.shared_verdicts import GroupVerdicts
from celery_operator.kinds import STATEFUL_SET
from celery_operator.snapshot import DeploymentState


def state_of(evidence: Evidence, verdicts: GroupVerdicts) -> ConditionState:
    """With a fault that needs a new spec, or a stopped rollout, Stalled is true and this is false."""
    fault = evidence.fault
    if fault is not None:
        if fault.waiting:
            return yes(fault.reason, fault.message)
        return no(StateReason.STALLED, Verdict(StateReason.STALLED).message)
    if evidence.stopped_rollout is not None:
        return no(StateReason.STALLED, Verdict(StateReason.STALLED).message)
    return next(
        _under_way(evidence, verdicts), no(StateReason.UP_TO_DATE, Verdict(StateReason.UP_TO_DATE).message)
    )


def _under_way(evidence: Evidence, verdicts: GroupVerdicts) -> Iterator[ConditionState]:
    if evidence.new_generation:
        yield by_verdict(Verdict(StateReason.NEW_GENERATION))
    for group in evidence.groups:
        yield from _of_group(group)
    yield from _of_others(evidence)
    for group in evidence.groups:
        if group.missing and all(one.reason is WorkerReason.STARTING for one in verdicts[group.name]):
            yield yes(WorkerReason.STARTING, f"Workers of group {group.name} are starting")


def _of_group(group: GroupEvidence) -> Iterator[ConditionState]:
    deployment = group.deployment
    if deployment is None:
        if group.desired:
            yield yes(StateReason.NEW_GENERATION, f"The Deployment of group {group.name} is being created")
        return
    if not deployment.is_observed:
        yield yes(StateReason.ROLLOUT_IN_PROGRESS, f"Deployment {deployment.name} is being updated")
    if deployment.in_force != group.desired:
        draining = len(group.in_state(WorkerState.DRAINING))
        yield yes(
            StateReason.SCALING,
            f"Group {group.name} goes from {deployment.in_force} to {group.desired} pods, "
            f"{draining} draining",
        )
    if deployment.updated < deployment.in_force:
        yield yes(
            StateReason.ROLLOUT_IN_PROGRESS,
            f"{part_is(deployment.updated, deployment.in_force, 'pod', f' of {deployment.name}')} up to date",
        )
    if deployment.replicas > deployment.in_force:
        yield yes(StateReason.ROLLOUT_IN_PROGRESS, f"Deployment {deployment.name} removes surplus pods")


def _of_others(evidence: Evidence) -> Iterator[ConditionState]:
    for deployment in evidence.snapshot.deployments:
        if not _is_desired(deployment, evidence):
            yield by_verdict(Verdict(StateReason.REMOVING, (deployment.name,), {"kind": deployment.kind}))
        elif not deployment.is_observed or deployment.updated < deployment.in_force:
            yield yes(
                StateReason.ROLLOUT_IN_PROGRESS, f"{deployment.kind} {deployment.name} is being rolled out"
            )


def _is_desired(deployment: DeploymentState, evidence: Evidence) -> bool:
    spec = evidence.snapshot.spec
    match deployment.component:
        case names.COMPONENT_WORKER:
            return deployment.group in {group.name for group in evidence.groups}
        case names.COMPONENT_BEAT:
            return spec.beat.enabled and deployment.kind == STATEFUL_SET.kind
        case names.COMPONENT_REDIS:
            return spec.broker.managed is not None and deployment.kind == STATEFUL_SET.kind
        case names.COMPONENT_MONITOR:
            return spec.monitor.enabled
        case names.COMPONENT_FLOWER:
            return spec.flower.enabled
    return True
