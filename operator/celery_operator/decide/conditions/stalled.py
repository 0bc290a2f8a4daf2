"""Stalled: only a change by a person helps; what runs stays as it is. True is the exceptional state."""

from celery_health.catalogue.states import StateReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.decide.condition_state import ConditionState, no, yes
from celery_operator.decide.evidence import Evidence


def state_of(evidence: Evidence) -> ConditionState:
    """True while a fault exists that only a new spec removes."""
    fault = evidence.fault
    if fault is None or fault.waiting:
        return no(StateReason.NOT_STALLED, Verdict(StateReason.NOT_STALLED).message)
    return yes(fault.reason, fault.message)
