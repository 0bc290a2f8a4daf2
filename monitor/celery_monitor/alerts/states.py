"""From pending to firing to resolved. Pure: the time is passed in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import nlargest

from msgspec import structs

from celery_monitor.alerts.found import Found, Judged
from celery_monitor.clocks import passed
from celery_monitor.records.alerts import AlertKey, AlertRecord, AlertState, LabelSet

GAP_SECONDS = 300.0
"""What was not evaluated for so long is pending anew: whether it held meanwhile is unknown."""
KEPT_SECONDS = 7 * 86_400.0
"""How long a resolved alert is kept."""
MOST_KEPT = 1_000
"""Resolved alerts, the latest."""
MOST_OF_A_RULE = 200
"""Alerts of one rule: anyone who sends a task can invent names."""

Records = Mapping[AlertKey, AlertRecord]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one rule found. ``hold_seconds``: how long the condition has to hold before the alert fires."""

    rule: str
    hold_seconds: float
    found: Found


def advance(before: Records, evaluated: Iterable[Evaluated], now: float) -> dict[AlertKey, AlertRecord]:
    """All alerts after one evaluation of all rules. Alerts of other rules, which are off, are resolved."""
    after: dict[AlertKey, AlertRecord] = {}
    known: dict[str, dict[LabelSet, AlertRecord]] = {}
    for key, record in before.items():
        known.setdefault(key.rule, {})[key.labels] = record
    for one in evaluated:
        after |= _of_rule(one, known.pop(one.rule, {}), now)
    for records in known.values():
        after |= _of_rule(Evaluated("", 0.0, Found()), records, now)
    return _kept(after, now)


def _of_rule(
    one: Evaluated, before: Mapping[LabelSet, AlertRecord], now: float
) -> dict[AlertKey, AlertRecord]:
    after: dict[AlertKey, AlertRecord] = {}
    for labels in _bounded(one.found.values, before):
        record = _met(one, labels, before.get(labels), now)
        after[record.key] = record
    for labels, judged in one.found.judged.items():
        record = _judged(AlertKey(one.rule, labels), judged, before.get(labels), now)
        after[record.key] = record
    for labels, record in before.items():
        if record.key in after:
            continue
        # Where it holds, there was no room for it.
        holds = labels in one.found.values
        unmet = record if holds or not one.found.complete else _unmet(record, now)
        if unmet is not None:
            after[record.key] = unmet
    return after


def _bounded(values: Mapping[LabelSet, float], before: Mapping[LabelSet, AlertRecord]) -> Iterable[LabelSet]:
    """At most ``MOST_OF_A_RULE``: those that are known already, then those with the greatest values."""
    if len(values) <= MOST_OF_A_RULE:
        return values
    return nlargest(MOST_OF_A_RULE, values, key=lambda labels: (_is_open(before.get(labels)), values[labels]))


def _is_open(record: AlertRecord | None) -> bool:
    return record is not None and record.state is not AlertState.RESOLVED


def _met(one: Evaluated, labels: LabelSet, before: AlertRecord | None, now: float) -> AlertRecord:
    value = one.found.values[labels]
    if before is not None and before.state is AlertState.FIRING:
        return structs.replace(before, seen=now, value=value, summary=None, description=None)
    began = now
    if (
        before is not None
        and before.state is AlertState.PENDING
        and not passed(before.seen, GAP_SECONDS, now)
    ):
        began = min(before.began, now)  # unless the clock was set back
    fires = now - began >= one.hold_seconds
    fired, ended = (now, None) if fires else _before(before, now)
    return AlertRecord(
        key=AlertKey(one.rule, labels),
        state=AlertState.FIRING if fires else AlertState.PENDING,
        began=began,
        seen=now,
        value=value,
        fired=fired,
        ended=ended,
    )


def _judged(key: AlertKey, judged: Judged, before: AlertRecord | None, now: float) -> AlertRecord:
    """As the operator judges it."""
    if not judged.fires:
        fired, ended = _before(before, now)
    elif before is not None and before.state is AlertState.FIRING:
        fired, ended = before.fired, None
    else:
        fired, ended = now, None
    return AlertRecord(
        key=key,
        state=AlertState.FIRING if judged.fires else AlertState.PENDING,
        began=judged.since,
        seen=now,
        fired=fired,
        ended=ended,
        summary=judged.summary,
        description=judged.description,
    )


def _before(before: AlertRecord | None, now: float) -> tuple[float | None, float | None]:
    """When an alert that is pending fired and was resolved the last time: its end may not be reported yet."""
    if before is None or before.fired is None:
        return None, None
    return before.fired, now if before.ended is None else before.ended


def _unmet(record: AlertRecord, now: float) -> AlertRecord | None:
    if record.state is AlertState.PENDING:
        if record.fired is None:
            return None
        return structs.replace(record, state=AlertState.RESOLVED, began=record.fired)
    if record.state is AlertState.FIRING:
        return structs.replace(record, state=AlertState.RESOLVED, ended=now)
    return record


def _kept(records: dict[AlertKey, AlertRecord], now: float) -> dict[AlertKey, AlertRecord]:
    ended = sorted(
        (record for record in records.values() if record.state is AlertState.RESOLVED),
        key=lambda record: record.ended or 0.0,
    )
    for number, record in enumerate(ended):
        if len(ended) - number > MOST_KEPT or now - (record.ended or 0.0) > KEPT_SECONDS:
            del records[record.key]
    return records
