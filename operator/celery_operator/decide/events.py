"""Which Events a status calls for, compared with the one before: one for each turn, none for a number."""

from collections.abc import Iterator

from celery_health.catalogue import KINDS
from celery_operator.api.status import CeleryDeploymentStatus, Condition, ConditionType
from celery_operator.decide.event_note import EventNote

_GOOD_WHEN = {
    ConditionType.BROKER_REACHABLE: "True",
    ConditionType.RESULT_BACKEND_REACHABLE: "True",
    ConditionType.WORKERS_HEALTHY: "True",
    ConditionType.BACKLOG_WITHIN_LIMITS: "True",
    ConditionType.BEAT_HEALTHY: "True",
    ConditionType.SCALING_ACTIVE: "True",
    ConditionType.AGENTS_REPORTING: "True",
    ConditionType.STALLED: "False",
}
"""Ready and Reconciling follow from these: an Event about their change would repeat one."""

_PASSES = frozenset(reason for kind in KINDS for reason in kind if not reason.entry.announced)
"""Reasons of WorkersHealthy that are a stage, or that another condition explains better."""


def events_between(previous: CeleryDeploymentStatus, new: CeleryDeploymentStatus) -> tuple[EventNote, ...]:
    """The turns from the one status to the other."""
    before = {condition.type: condition for condition in previous.conditions}
    return tuple(
        note for condition in new.conditions for note in _turn(before.get(condition.type), condition)
    )


def _turn(before: Condition | None, now: Condition) -> Iterator[EventNote]:
    if now.type is ConditionType.READY:
        if now.status == "True" and (before is None or before.status != "True"):
            yield EventNote("Normal", now.reason, now.message)
        return
    good = _GOOD_WHEN.get(now.type)
    if good is None or now.status == "Unknown" or (before and _same(before, now)):
        return
    if now.status != good:
        if not (now.type is ConditionType.WORKERS_HEALTHY and now.reason in _PASSES):
            yield EventNote("Warning", _event_reason(now), now.message)
    elif before and before.status not in {good, "Unknown"} and before.reason not in _PASSES:
        yield EventNote("Normal", now.type.value if good == "True" else now.reason, now.message)


def _same(before: Condition, now: Condition) -> bool:
    return (before.status, before.reason) == (now.status, now.reason)


def _event_reason(condition: Condition) -> str:
    """``BrokerTimedOut`` rather than ``TimedOut``: an Event is read without its condition."""
    prefix = {
        ConditionType.BROKER_REACHABLE: "Broker",
        ConditionType.RESULT_BACKEND_REACHABLE: "ResultBackend",
        ConditionType.BACKLOG_WITHIN_LIMITS: "Backlog",
        ConditionType.BEAT_HEALTHY: "Beat",
        ConditionType.SCALING_ACTIVE: "Scaling",
    }.get(condition.type, "")
    return condition.reason if condition.reason.startswith(prefix) else f"{prefix}{condition.reason}"
