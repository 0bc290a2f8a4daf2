"""DrainsOnTime: every pod that drains is gone when its time to drain and its grace period are over."""

from celery_operator.decide.condition_state import ConditionState, by_verdict
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.overdue_drains import overdue_verdict


def state_of(evidence: Evidence) -> ConditionState:
    """True while no pod is late."""
    return by_verdict(overdue_verdict(evidence.snapshot))
