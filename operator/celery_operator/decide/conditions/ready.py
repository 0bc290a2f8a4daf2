"""Ready: this generation is rolled out, every desired worker consumes, and the broker answers."""

from collections.abc import Iterator

from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.states import StateReason
from celery_health.verdicts.text import counted, is_or_are, part_is
from celery_health.verdicts.verdict import Verdict
from celery_operator.decide.condition_state import ConditionState, by_verdict, no, unknown, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.text import joined


def state_of(evidence: Evidence, workers: ConditionState) -> ConditionState:
    """The worst obstacle comes first. What is unknown counts only where no obstacle is known.

    ``workers``: the condition WorkersHealthy.
    """
    return (
        next(_known(evidence, workers), None) or next(_unknown(evidence, workers), None) or _ready(evidence)
    )


def _known(evidence: Evidence, workers: ConditionState) -> Iterator[ConditionState]:
    fault = evidence.fault
    if fault is not None:
        yield no(fault.reason, fault.message)
    if evidence.broker.reachable is False:
        yield no(FleetReason.BROKER_UNREACHABLE, evidence.broker.message)
    if evidence.new_generation:
        yield no(StateReason.NEW_GENERATION, Verdict(StateReason.NEW_GENERATION).message)
    if any(group.missing > group.consumption_unknown or group.out_of_service for group in evidence.groups):
        yield no(workers.reason, workers.message)
    stale = [group.name for group in evidence.groups if not group.rolled_out]
    if stale:
        rolled = [f"Group {name} is being rolled out" for name in stale]
        if workers.is_false:
            yield no(workers.reason, joined([*rolled, workers.message]))
        yield no(StateReason.ROLLOUT_IN_PROGRESS, joined(rolled))


def _unknown(evidence: Evidence, workers: ConditionState) -> Iterator[ConditionState]:
    if problem := evidence.snapshot.memory.problem:
        yield by_verdict(Verdict(StateReason.RECONCILE_FAILED, facts={"problem": problem}))
    if any(group.missing for group in evidence.groups):
        yield unknown(workers.reason, workers.message)
    if evidence.broker.reachable is None and evidence.broker.readable:
        yield unknown(evidence.broker.reason, evidence.broker.message)


def _ready(evidence: Evidence) -> ConditionState:
    consuming = evidence.consuming
    if any(group.coming for group in evidence.groups):
        part = part_is(evidence.desired_consuming, evidence.desired_total, "worker")
        return yes(StateReason.READY, f"{part} consuming")
    if evidence.desired_total:
        return yes(StateReason.READY, f"{counted(consuming, 'worker')} {is_or_are(consuming)} consuming")
    suspended = evidence.snapshot.spec.suspend
    return by_verdict(Verdict(StateReason.SUSPENDED if suspended else StateReason.SCALED_TO_ZERO))
