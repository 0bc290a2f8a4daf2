"""Stalled: only a change by a person helps; what runs stays as it is. True is the exceptional state."""

from celery_health.catalogue.states import StateReason
from celery_health.verdicts.verdict import Verdict
from celery_operator.decide.condition_state import ConditionState, no, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.shared_verdicts import rollout_stopped


def state_of(evidence: Evidence) -> ConditionState:
    """True while a fault exists that only a new spec removes, or a rollout has stopped."""
    fault, stopped = evidence.fault, evidence.stopped_rollout
    if fault is not None and not fault.waiting:
        return yes(fault.reason, fault.message)
    if stopped is not None:
        verdict = rollout_stopped(stopped, evidence.snapshot.name)
        return yes(verdict.reason, verdict.message)
    return no(StateReason.NOT_STALLED, Verdict(StateReason.NOT_STALLED).message)
