"""One file a condition; each has ``judge(evidence) -> Verdict``."""

from collections.abc import Callable, Mapping

from celery_operator.api.status import ConditionType
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
from celery_operator.decide.conditions.condition_state import Verdict
from celery_operator.decide.evidence import Evidence

JUDGES: Mapping[ConditionType, Callable[[Evidence], Verdict]] = {
    ConditionType.READY: ready.judge,
    ConditionType.BROKER_REACHABLE: broker_reachable.judge,
    ConditionType.RESULT_BACKEND_REACHABLE: result_backend_reachable.judge,
    ConditionType.WORKERS_HEALTHY: workers_healthy.judge,
    ConditionType.BACKLOG_WITHIN_LIMITS: backlog_within_limits.judge,
    ConditionType.BEAT_HEALTHY: beat_healthy.judge,
    ConditionType.SCALING_ACTIVE: scaling_active.judge,
    ConditionType.AGENTS_REPORTING: agents_reporting.judge,
    ConditionType.RECONCILING: reconciling.judge,
    ConditionType.STALLED: stalled.judge,
}
"""Every condition of the resource, in the order in which the status lists them."""
