"""The alerts that the operator judges itself, and the Events about them.

An alert is written as Pending before it fires, and its Events are named by what the status had before them.
So an operator that takes over continues the alert, and posts none of its Events again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from celery_health.alerts.comparison import Evidence, LabelSet, Sample
from celery_health.alerts.rendering import rendered
from celery_health.alerts.rule import AlertSeverity, Rule
from celery_health.verdicts.text import lasting
from celery_operator.api.alert_rules import AlertRules
from celery_operator.api.status import Alert, CeleryDeploymentStatus, ConditionType
from celery_operator.decide.event_note import EventNote
from celery_operator.decide.events import announced_fault
from celery_operator.decide.evidence.unknown_workers import unknown_workers
from celery_operator.decide.series import SERIES
from celery_operator.decide.text import sentence
from celery_operator.decide.times import moment, rfc3339
from celery_operator.snapshot import Snapshot

MOST_ALERTS = 50
"""In the status: first the critical ones, then those that are there already. None ends for lack of room."""

_SERIES = {one.name: one for one in SERIES}
_FIRING: Literal["Firing"] = "Firing"
_PENDING: Literal["Pending"] = "Pending"
_Key = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class JudgedAlerts:
    """The alerts of the new status, and the Events about what has changed."""

    alerts: tuple[Alert, ...]
    notes: tuple[EventNote, ...]


def judge(snapshot: Snapshot, status: CeleryDeploymentStatus, chosen: AlertRules) -> JudgedAlerts:
    """``status``: the new one, still without alerts."""
    before = {_key(one): one for one in snapshot.previous.alerts}
    now = _Now(snapshot, status, chosen, before)
    found = {_key(one): one for rule in chosen.rules for one in now.alerts_of(rule)}
    order = [*(key for key in before if key in found), *(key for key in found if key not in before)]
    order.sort(key=lambda key: found[key].severity != AlertSeverity.CRITICAL)
    alerts = tuple(found[key] for key in order[:MOST_ALERTS])
    ended = {key: one for key, one in before.items() if key not in found}
    return JudgedAlerts(alerts, tuple(_changes(now, before, alerts, ended)))


def _key(alert: Alert) -> _Key:
    return alert.name, alert.group, alert.queue


@dataclass(frozen=True, slots=True)
class _Now:
    """The present state of one CeleryDeployment."""

    snapshot: Snapshot
    status: CeleryDeploymentStatus
    chosen: AlertRules
    before: Mapping[_Key, Alert]
    seen: dict[str, list[Sample]] = field(default_factory=dict)
    """The samples of each series that was asked for: several rules ask for the conditions."""

    def alerts_of(self, rule: Rule) -> Iterator[Alert]:
        """Those whose evidence is there, and those that were there and of which nothing is known now."""
        found = {
            labels: (value, evidence)
            for evidence in reversed(rule.operator)
            for labels, value in evidence.evaluate(self._samples, rule.filled).items()
        }
        keys = set()
        for labels, (value, evidence) in found.items():
            alert = self._alert(rule, labels, value)
            keys.add(_key(alert))
            yield self._continued(rule, self.before.get(_key(alert)), alert, evidence)
        for key, alert in self.before.items():
            lacking = alert.name == rule.name and key not in keys
            if lacking and any(self._unknown(one, alert) for one in rule.operator):
                yield alert

    def _samples(self, name: str) -> list[Sample]:
        if name not in self.seen:
            self.seen[name] = list(_SERIES[name].samples(self.snapshot, self.status))
        return self.seen[name]

    def _alert(self, rule: Rule, labels: LabelSet, value: float) -> Alert:
        named = {"namespace": self.snapshot.namespace, "resource": self.snapshot.name, **dict(labels)}
        return Alert(
            name=rule.name,
            state=_PENDING,
            severity=rule.severity.value,
            since=rfc3339(self.snapshot.now),
            summary=sentence(rendered(rule.filled(rule.summary), named, value)),
            message=sentence(rendered(rule.filled(rule.description), named, value)),
            runbook=self.chosen.runbook(rule),
            group=named.get("group"),
            queue=named.get("queue"),
        )

    def _continued(self, rule: Rule, before: Alert | None, alert: Alert, evidence: Evidence) -> Alert:
        """The alert of now, with the state and the time of the one before."""
        if before is None:
            return alert
        kept = {"state": before.state, "since": before.since, "condition": before.condition}
        held = self.snapshot.now - moment(before.since) >= timedelta(seconds=rule.hold_seconds)
        if before.state == _PENDING and held:
            kept = {"state": _FIRING, "since": alert.since, "condition": self._reported_by(evidence)}
        return alert.model_copy(update=kept)

    def _reported_by(self, evidence: Evidence) -> ConditionType | None:
        """The condition that has said the same in an Event of its own."""
        for condition in self.status.conditions:
            says_same = evidence.condition == condition.type or condition.reason in evidence.same_as
            if says_same and announced_fault(condition):
                return condition.type
        return None

    def _unknown(self, evidence: Evidence, alert: Alert) -> bool:
        """Whether nothing is known now of what the evidence compares. It is no end of an alert."""
        if evidence.condition is not None:
            named = (one for one in self.status.conditions if one.type == evidence.condition)
            return any(one.status == "Unknown" for one in named)
        if alert.queue is not None:
            return any(one.name == alert.queue and one.ready is None for one in self.status.queues)
        if evidence.counts_unknown:
            return False
        return any(alert.group in {None, group} for group, _ in unknown_workers(self.snapshot))


def _changes(
    now: _Now, before: Mapping[_Key, Alert], after: Sequence[Alert], ended: Mapping[_Key, Alert]
) -> Iterator[EventNote]:
    """An alert that a condition reports has the Events of the condition, and none of its own."""
    for alert in after:
        earlier = before.get(_key(alert))
        if alert.state == _FIRING and alert.condition is None and earlier and earlier.state == _PENDING:
            message = f"{alert.message} Runbook: {alert.runbook}"
            yield EventNote("Warning", alert.name, message, identity=_identity(now, earlier))
    for alert in ended.values():
        if alert.state == _FIRING and alert.condition is None:
            fired = lasting(max(0.0, (now.snapshot.now - moment(alert.since)).total_seconds()))
            message = f"Resolved after {fired}. The alert was: {alert.message}"
            yield EventNote("Normal", alert.name, message, identity=_identity(now, alert))


def _identity(now: _Now, before: Alert) -> str:
    """Of the Event about a change: the alert as the status had it before the change."""
    labels = (part or "" for part in _key(before))
    return "/".join((now.snapshot.uid, *labels, before.state, before.since))
