"""The conditions of a CeleryDeployment, one file each."""

from celery_operator.api.status import ConditionType
from celery_operator.decide.condition_state import ConditionStates
from celery_operator.decide.conditions import (
    agents_reporting,
    backlog_within_limits,
    beat_healthy,
    broker_reachable,
    ready,
    reconciling,
    result_backend_reachable,
    scaling_active,
    stalled,
    workers_healthy,
)
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.group_verdicts import GroupVerdicts


def conditions(evidence: Evidence, verdicts: GroupVerdicts) -> ConditionStates:
    """Every condition of the resource, in the order in which the status lists them."""
    workers = workers_healthy.judge(evidence, verdicts)
    return {
        ConditionType.READY: ready.judge(evidence, workers),
        ConditionType.BROKER_REACHABLE: broker_reachable.judge(evidence),
        ConditionType.RESULT_BACKEND_REACHABLE: result_backend_reachable.judge(evidence),
        ConditionType.WORKERS_HEALTHY: workers,
        ConditionType.BACKLOG_WITHIN_LIMITS: backlog_within_limits.judge(evidence),
        ConditionType.BEAT_HEALTHY: beat_healthy.judge(evidence),
        ConditionType.SCALING_ACTIVE: scaling_active.judge(evidence),
        ConditionType.AGENTS_REPORTING: agents_reporting.judge(evidence),
        ConditionType.RECONCILING: reconciling.judge(evidence, verdicts),
        ConditionType.STALLED: stalled.judge(evidence),
    }
