"""The one word of the HEALTH column, and the sentence beside it."""

from collections.abc import Iterator

from celery_health.catalogue.states import StateReason
from celery_operator.api.status import ConditionType, HealthState
from celery_operator.decide.condition_state import Verdicts
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.text import joined

_DEGRADING = (
    ConditionType.WORKERS_HEALTHY,
    ConditionType.BEAT_HEALTHY,
    ConditionType.AGENTS_REPORTING,
    ConditionType.BACKLOG_WITHIN_LIMITS,
    ConditionType.RESULT_BACKEND_REACHABLE,
)


def judge_health(evidence: Evidence, verdicts: Verdicts) -> tuple[HealthState, str]:
    """The worst word that the evidence calls for; Healthy only where nothing is unknown."""
    for state, words in (
        (HealthState.UNHEALTHY, _unhealthy(evidence, verdicts)),
        (HealthState.DEGRADED, _degraded(evidence, verdicts)),
        (HealthState.UNKNOWN, _untold(evidence, verdicts)),
    ):
        if message := joined(words):
            return state, message
    return HealthState.HEALTHY, joined([verdicts[ConditionType.WORKERS_HEALTHY].message])


def _unhealthy(evidence: Evidence, verdicts: Verdicts) -> Iterator[str]:
    """Work does not get done: no broker, or a group without any worker that consumes."""
    broker = verdicts[ConditionType.BROKER_REACHABLE]
    if broker.fails:
        yield broker.message
    workers = verdicts[ConditionType.WORKERS_HEALTHY]
    if workers.fails and any(group.out_of_service for group in evidence.groups):
        if evidence.fault:
            yield evidence.fault.message
        if not broker.fails:
            yield workers.message


def _degraded(evidence: Evidence, verdicts: Verdicts) -> Iterator[str]:
    """Work gets done, but not as the spec wants it."""
    if evidence.fault:
        yield evidence.fault.message
    for condition in _DEGRADING:
        if verdicts[condition].fails:
            yield verdicts[condition].message
    broker = evidence.broker
    if broker.reached_by_workers_only or broker.numbers_refused:
        yield broker.message


def _untold(evidence: Evidence, verdicts: Verdicts) -> Iterator[str]:
    """What nobody can ever tell of this kind of broker or result store is not waited for.

    At zero there is no worker to speak for the broker, so there its queues are needed. A beat that a new spec
    asks for is not waited for either: its pod tells once it is there.
    """
    silent = {ConditionType.WORKERS_HEALTHY, ConditionType.AGENTS_REPORTING}
    if verdicts[ConditionType.BEAT_HEALTHY].reason is not StateReason.NEW_GENERATION:
        silent.add(ConditionType.BEAT_HEALTHY)
    if evidence.broker.readable or not evidence.consuming:
        silent |= {ConditionType.BROKER_REACHABLE, ConditionType.BACKLOG_WITHIN_LIMITS}
    if evidence.result_backend_readable:
        silent.add(ConditionType.RESULT_BACKEND_REACHABLE)
    for condition, verdict in verdicts.items():
        if condition in silent and verdict.status == "Unknown":
            yield verdict.message
