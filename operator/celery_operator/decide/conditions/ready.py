"""Ready: this generation is rolled out, every wanted worker consumes and the broker answers."""

from collections.abc import Iterator

from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.states import StateReason
from celery_operator.decide.condition_state import Verdict, no, unknown, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.text import counted, joined


def judge(evidence: Evidence, workers: Verdict) -> Verdict:
    """What hinders most is told first; what is unknown counts only when nothing known hinders.

    ``workers``: the condition WorkersHealthy.
    """
    return (
        next(_known(evidence, workers), None) or next(_unknown(evidence, workers), None) or _ready(evidence)
    )


def _known(evidence: Evidence, workers: Verdict) -> Iterator[Verdict]:
    fault = evidence.fault
    if fault is not None:
        yield no(fault.reason, fault.message)
    if evidence.broker.reachable is False:
        yield no(FleetReason.BROKER_UNREACHABLE, evidence.broker.message)
    if evidence.new_generation:
        yield no(StateReason.NEW_GENERATION, "The spec has changed and is being carried out")
    if any(group.missing > group.untold or group.out_of_service for group in evidence.groups):
        yield no(workers.reason, workers.message)
    stale = [group.name for group in evidence.groups if not group.rolled_out]
    if stale:
        yield no(
            StateReason.ROLLOUT_IN_PROGRESS, joined(f"Group {name} is being rolled out" for name in stale)
        )


def _unknown(evidence: Evidence, workers: Verdict) -> Iterator[Verdict]:
    if any(group.missing for group in evidence.groups):
        yield unknown(workers.reason, workers.message)
    if evidence.broker.reachable is None and evidence.broker.readable:
        yield unknown(evidence.broker.reason, evidence.broker.message)


def _ready(evidence: Evidence) -> Verdict:
    if any(group.coming for group in evidence.groups):
        return yes(
            StateReason.READY, f"{evidence.consuming} of {counted(evidence.wanted, 'worker')} consuming"
        )
    if evidence.wanted:
        return yes(StateReason.READY, f"{counted(evidence.consuming, 'worker')} consuming")
    reason = StateReason.SUSPENDED if evidence.snapshot.spec.suspend else StateReason.SCALED_TO_ZERO
    return yes(reason, "No workers are wanted")
