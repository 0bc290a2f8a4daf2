"""Stalled (abnormal when true, as kstatus reads it): only a new spec helps. What runs is left alone."""

from celery_operator.decide.conditions.condition_state import Verdict, no, yes
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.reasons import Reason


def judge(evidence: Evidence) -> Verdict:
    """True while a fault is there that no waiting mends."""
    fault = evidence.fault
    if fault is None or fault.waiting:
        return no(Reason.CARRIED_OUT, "Nothing stops the spec from being carried out")
    return yes(fault.reason, fault.message)
