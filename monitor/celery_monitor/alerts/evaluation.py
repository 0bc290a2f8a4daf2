"""All rules on one snapshot. Pure."""

from collections.abc import Iterable, Iterator

from celery_health.alerts.rule import Rule
from celery_health.wire.resource_push import PushedAlert
from celery_monitor.alerts.found import UNKNOWN, Found, Judged, together
from celery_monitor.alerts.measures import MEASURES
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.alerts.states import Evaluated
from celery_monitor.records.alerts import LabelSet


def evaluate(snapshot: AlertSnapshot, rules: Iterable[Rule]) -> Iterator[Evaluated]:
    """What each of these rules finds. Those that only Prometheus evaluates find nothing."""
    for rule in rules:
        if not rule.only_prometheus:
            yield Evaluated(rule.name, rule.hold_seconds, together(_parts(rule, snapshot)))


def _parts(rule: Rule, snapshot: AlertSnapshot) -> Iterator[Found]:
    thresholds = {one.name: one.default for one in rule.thresholds}
    for above in rule.monitor:
        yield MEASURES[above.measure](snapshot, float(thresholds.get(above.threshold, 0)))
    if rule.operator and snapshot.in_cluster:
        yield UNKNOWN if snapshot.push is None else _pushed(rule, snapshot.push.alerts)


def _pushed(rule: Rule, alerts: Iterable[PushedAlert]) -> Found:
    return Found(
        judged={
            _labels(one): Judged(one.state == "Firing", one.since_at, _title(one.summary), one.message)
            for one in alerts
            if one.name == rule.name
        }
    )


def _title(summary: str) -> str:
    """What the operator writes as a sentence, as the monitor's own rules do: messages continue it."""
    return summary if summary.endswith("..") else summary.removesuffix(".")


def _labels(alert: PushedAlert) -> LabelSet:
    named = (("group", alert.group), ("queue", alert.queue))
    return tuple((label, value) for label, value in named if value)
