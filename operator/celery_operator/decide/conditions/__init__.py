"""The conditions of a CeleryDeployment, one file each."""

from celery_operator.api.status import ConditionType
from celery_operator.decide.condition_state import ConditionStates
from celery_operator.decide.conditions import (
    agents_reporting,
    backlog_within_limits,
    beat_healthy,
    broker_reachable,
    drains_on_time,
    monitor_ready,
    ready,
    reconciling,
    result_backend_reachable,
    scaling_active,
    stalled,
    workers_healthy,
)
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.shared_verdicts import GroupVerdicts


def conditions(evidence: Evidence, verdicts: GroupVerdicts) -> ConditionStates:
    """Every condition of the resource, in the order in which the status lists them."""
    workers = workers_healthy.state_of(evidence, verdicts)
    monitor = evidence.snapshot.spec.monitor.enabled
    return {
        ConditionType.READY: ready.state_of(evidence, workers),
        ConditionType.BROKER_REACHABLE: broker_reachable.state_of(evidence),
        ConditionType.RESULT_BACKEND_REACHABLE: result_backend_reachable.state_of(evidence),
        ConditionType.WORKERS_HEALTHY: workers,
        ConditionType.BACKLOG_WITHIN_LIMITS: backlog_within_limits.state_of(evidence),
        ConditionType.BEAT_HEALTHY: beat_healthy.state_of(evidence),
        ConditionType.SCALING_ACTIVE: scaling_active.state_of(evidence),
        ConditionType.AGENTS_REPORTING: agents_reporting.state_of(evidence),
        ConditionType.DRAINS_ON_TIME: drains_on_time.state_of(evidence),
        **({ConditionType.MONITOR_READY: monitor_ready.state_of(evidence)} if monitor else {}),
        ConditionType.RECONCILING: reconciling.state_of(evidence, verdicts),
        ConditionType.STALLED: stalled.state_of(evidence),
    }
