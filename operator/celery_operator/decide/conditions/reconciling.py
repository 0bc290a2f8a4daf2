"""Reconciling (abnormal when true, as kstatus reads it): the children are being brought in line."""

from collections.abc import Iterator

from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.names import COMPONENT_BEAT, COMPONENT_WORKER
from celery_operator.decide.condition_state import Verdict, no, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupView
from celery_operator.decide.evidence.worker_state import Standing
from celery_operator.decide.problem import Problems
from celery_operator.snapshot import DeploymentState


def judge(evidence: Evidence, problems: Problems) -> Verdict:
    """A fault that needs a new spec stops the work: then Stalled is true and this is not."""
    fault = evidence.fault
    if fault is not None:
        if fault.waiting:
            return yes(fault.reason, fault.message)
        return no(StateReason.STALLED, "The spec cannot be carried out: see the Stalled condition")
    return next(
        _under_way(evidence, problems), no(StateReason.UP_TO_DATE, "The children are as the spec wants them")
    )


def _under_way(evidence: Evidence, problems: Problems) -> Iterator[Verdict]:
    if evidence.new_generation:
        yield yes(StateReason.NEW_GENERATION, "The spec has changed and is being carried out")
    for group in evidence.groups:
        yield from _of_group(group)
    yield from _of_others(evidence)
    for group in evidence.groups:
        if group.missing and all(one.reason is WorkerReason.STARTING for one in problems[group.name]):
            yield yes(WorkerReason.STARTING, f"Workers of group {group.name} are starting")


def _of_group(group: GroupView) -> Iterator[Verdict]:
    deployment = group.deployment
    if deployment is None:
        if group.wanted:
            yield yes(StateReason.NEW_GENERATION, f"The Deployment of group {group.name} is being created")
        return
    if deployment.observed_generation < deployment.generation:
        yield yes(StateReason.ROLLOUT_IN_PROGRESS, f"Deployment {deployment.name} takes in its new spec")
    if deployment.wanted != group.wanted:
        draining = len(group.standing(Standing.DRAINING))
        yield yes(
            StateReason.SCALING,
            f"Group {group.name} goes from {deployment.wanted} to {group.wanted} pods, {draining} draining",
        )
    if deployment.updated < deployment.wanted:
        yield yes(
            StateReason.ROLLOUT_IN_PROGRESS,
            f"{deployment.updated} of {deployment.wanted} pods of {deployment.name} are up to date",
        )
    if deployment.replicas > deployment.wanted:
        yield yes(StateReason.ROLLOUT_IN_PROGRESS, f"Deployment {deployment.name} takes away surplus pods")


def _of_others(evidence: Evidence) -> Iterator[Verdict]:
    for deployment in evidence.snapshot.deployments:
        if not _is_wanted(deployment, evidence):
            yield yes(StateReason.REMOVING, f"Deployment {deployment.name} is being deleted")
        elif deployment.observed_generation < deployment.generation or deployment.updated < deployment.wanted:
            yield yes(StateReason.ROLLOUT_IN_PROGRESS, f"Deployment {deployment.name} is being rolled out")


def _is_wanted(deployment: DeploymentState, evidence: Evidence) -> bool:
    if deployment.component == COMPONENT_WORKER:
        return deployment.group in {group.name for group in evidence.groups}
    if deployment.component == COMPONENT_BEAT:
        return evidence.snapshot.spec.beat.enabled
    return True
