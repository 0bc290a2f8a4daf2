"""The one word of the HEALTH column, and the sentence beside it."""

from collections.abc import Iterator

from celery_health.catalogue.health import HealthState
from celery_health.catalogue.monitor import MonitorReason
from celery_health.catalogue.states import StateReason
from celery_operator.api.status import ConditionType
from celery_operator.decide.condition_state import ConditionStates
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.text import joined

_NEVER_DEGRADING = frozenset(
    {
        ConditionType.READY,
        ConditionType.BROKER_REACHABLE,
        ConditionType.SCALING_ACTIVE,
        ConditionType.RECONCILING,
        ConditionType.STALLED,
    }
)
"""They follow from others, make the resource Unhealthy, or are about what the operator does."""
_FIRST = (
    ConditionType.WORKERS_HEALTHY,
    ConditionType.BEAT_HEALTHY,
    ConditionType.AGENTS_REPORTING,
    ConditionType.DRAINS_ON_TIME,
    ConditionType.BACKLOG_WITHIN_LIMITS,
)
_DEGRADING = (*_FIRST, *(one for one in ConditionType if one not in _NEVER_DEGRADING | {*_FIRST}))
"""The worst first; those of which nothing is said here come last."""


def health_of(evidence: Evidence, conditions: ConditionStates) -> tuple[HealthState, str]:
    """The worst word that the evidence calls for; Healthy only where nothing is unknown."""
    for state, words in (
        (HealthState.UNHEALTHY, _unhealthy(evidence, conditions)),
        (HealthState.DEGRADED, _degraded(evidence, conditions)),
        (HealthState.UNKNOWN, _unknown(evidence, conditions)),
    ):
        if message := joined(words):
            return state, message
    return HealthState.HEALTHY, joined([conditions[ConditionType.WORKERS_HEALTHY].message])


def _unhealthy(evidence: Evidence, conditions: ConditionStates) -> Iterator[str]:
    """Work does not get done: no broker, or a group without any worker that consumes."""
    broker = conditions[ConditionType.BROKER_REACHABLE]
    if broker.is_false:
        yield broker.message
    workers = conditions[ConditionType.WORKERS_HEALTHY]
    if workers.is_false and any(group.out_of_service for group in evidence.groups):
        if evidence.fault:
            yield evidence.fault.message
        if not broker.is_false:
            yield workers.message


def _degraded(evidence: Evidence, conditions: ConditionStates) -> Iterator[str]:
    """Work gets done, but not as the spec wants it."""
    if evidence.fault:
        yield evidence.fault.message
    for condition in _DEGRADING:
        state = conditions.get(condition)
        if state is not None and state.is_false and state.reason != MonitorReason.STARTING:
            yield state.message
    broker = evidence.broker
    if broker.reached_by_workers_only or broker.numbers_refused:
        yield broker.message


def _unknown(evidence: Evidence, conditions: ConditionStates) -> Iterator[str]:
    """What is never known about this kind of broker or result backend does not count.

    At zero there is no worker to speak for the broker, so there its queues are needed. A beat that a new spec
    asks for is not waited for either: its pod reports once it exists.
    """
    ready = conditions[ConditionType.READY]
    if ready.reason == StateReason.RECONCILE_FAILED:
        yield ready.message
    silent = {ConditionType.WORKERS_HEALTHY, ConditionType.AGENTS_REPORTING}
    if conditions[ConditionType.BEAT_HEALTHY].reason is not StateReason.NEW_GENERATION:
        silent.add(ConditionType.BEAT_HEALTHY)
    if evidence.broker.readable or not evidence.consuming:
        silent |= {ConditionType.BROKER_REACHABLE, ConditionType.BACKLOG_WITHIN_LIMITS}
    if evidence.result_backend_readable:
        silent.add(ConditionType.RESULT_BACKEND_REACHABLE)
    for condition, verdict in conditions.items():
        if condition in silent and verdict.status == "Unknown":
            yield verdict.message
