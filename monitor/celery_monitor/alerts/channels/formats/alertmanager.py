"""What Alertmanager sends to webhooks, version 4: for programs that receive its alerts already."""

from collections.abc import Mapping
from typing import Any

from celery_health.times import iso_time
from celery_monitor.alerts.channels.identity import fingerprint
from celery_monitor.alerts.channels.texts import MAX_URL, bounded
from celery_monitor.alerts.notification import Alert, Notification

MAX_ALERTS = 100
_MAX_LABELS = 20
_MAX_LABEL = 300
_NEVER = "0001-01-01T00:00:00Z"


def alertmanager(notification: Notification, channel: str) -> dict[str, Any]:
    """The document. The labels of an alert are those that Prometheus would give it."""
    alerts = [_alert(alert) for alert in notification.alerts[:MAX_ALERTS]]
    common = _common([alert["labels"] for alert in alerts])
    return {
        "version": "4",
        # All alerts of one monitor are one group.
        "groupKey": "{}:{}",
        "truncatedAlerts": max(0, len(notification.alerts) - MAX_ALERTS),
        "status": notification.status,
        "receiver": channel,
        "groupLabels": {},
        "commonLabels": common,
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": bounded(notification.page_url or notification.alerts[0].page_url or "", MAX_URL),
        "alerts": alerts,
    }


def _alert(alert: Alert) -> dict[str, Any]:
    texts = {
        "summary": bounded(alert.summary),
        "description": bounded(alert.description),
        "command": bounded(alert.command or ""),
        "runbook_url": bounded(alert.runbook_url or "", MAX_URL),
    }
    return {
        "status": alert.status,
        "labels": _labels(alert),
        "annotations": {name: text for name, text in texts.items() if text},
        "startsAt": _time(alert.since),
        "endsAt": _NEVER if alert.ended is None else _time(alert.ended),
        "generatorURL": bounded(alert.page_url or "", MAX_URL),
        "fingerprint": fingerprint(alert),
    }


def _labels(alert: Alert) -> dict[str, str]:
    own = sorted(alert.labels.items())[:_MAX_LABELS]
    found = {bounded(name, _MAX_LABEL): bounded(value, _MAX_LABEL) for name, value in own}
    return {"alertname": alert.rule, "severity": alert.severity.value, **found}


def _common(each: list[dict[str, str]]) -> Mapping[str, str]:
    first, *others = each
    return {name: text for name, text in first.items() if all(one.get(name) == text for one in others)}


def _time(at: float) -> str:
    return (iso_time(at, "milliseconds") or "").replace("+00:00", "Z")
