"""Which Events a status calls for, compared with the one before: one for each turn, none for a number."""

from collections.abc import Iterator
from dataclasses import dataclass

from celery_health.catalogue import KINDS
from celery_health.catalogue.states import StateReason
from celery_operator.api.status import CeleryDeploymentStatus, Condition, ConditionType
from celery_operator.decide.event_note import EventNote

_WITH_STAGES = frozenset({ConditionType.WORKERS_HEALTHY, ConditionType.MONITOR_READY})
_UNANNOUNCED = frozenset(reason for kind in KINDS for reason in kind if not reason.entry.announced)


@dataclass(frozen=True, slots=True)
class Announcements:
    """The Events to post now, and the conditions of which an Event has announced a fault and none its end."""

    notes: tuple[EventNote, ...]
    open_faults: frozenset[ConditionType]


def announce(
    previous: CeleryDeploymentStatus, new: CeleryDeploymentStatus, open_faults: frozenset[ConditionType]
) -> Announcements:
    """The turns from the one status to the other; ``open_faults`` are those before."""
    before = {condition.type: condition for condition in previous.conditions}
    notes: list[EventNote] = []
    still_open = set(open_faults)
    for condition in new.conditions:
        is_open = condition.type in still_open
        for note in _turn(before.get(condition.type), condition, is_open=is_open):
            notes.append(note)
            (still_open.add if note.type == "Warning" else still_open.discard)(condition.type)
    return Announcements(tuple(notes), frozenset(still_open))


def _turn(before: Condition | None, now: Condition, *, is_open: bool) -> Iterator[EventNote]:
    if now.type is ConditionType.READY:
        if now.status == "True" and (before is None or before.status != "True"):
            yield EventNote("Normal", now.reason, now.message, now.type)
        return
    good = now.type.good_when
    if now.type.follows_from_others or now.status == "Unknown" or (before and _same(before, now)):
        return
    if now.status != good:
        if not _is_stage(now):
            yield EventNote("Warning", _event_reason(now), now.message, now.type)
    # A stage, such as Starting, or a time without evidence may lie between a fault and its end.
    elif is_open or (before and _is_fault(before, good)):
        yield EventNote("Normal", now.type.value if good == "True" else now.reason, now.message, now.type)


def announced_fault(condition: Condition) -> bool:
    """Whether the condition shows a fault that an Event has announced."""
    return not condition.type.follows_from_others and _is_fault(condition, condition.type.good_when)


def _is_fault(condition: Condition, good: str) -> bool:
    return condition.status not in {good, "Unknown"} and not _is_stage(condition)


def _is_stage(condition: Condition) -> bool:
    """Whether it is bad for a while only, as part of a start, or another condition explains it better."""
    if condition.type is ConditionType.BROKER_REACHABLE:
        return condition.reason == StateReason.MANAGED_REDIS_STARTING
    return condition.type in _WITH_STAGES and condition.reason in _UNANNOUNCED


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
