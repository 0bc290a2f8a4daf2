"""Stalled (abnormal when true, as kstatus reads it): only a new spec helps. What runs is left alone."""

from celery_health.catalogue.states import StateReason
from celery_operator.decide.condition_state import Verdict, no, yes
from celery_operator.decide.evidence import Evidence


def judge(evidence: Evidence) -> Verdict:
    """True while a fault is there that no waiting mends."""
    fault = evidence.fault
    if fault is None or fault.waiting:
        return no(StateReason.NOT_STALLED, "Nothing stops the spec from being carried out")
    return yes(fault.reason, fault.message)
