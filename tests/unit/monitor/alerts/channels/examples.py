"""Alerts and messages for tests of channels."""

from typing import Any

from celery_health.alerts.rule import AlertSeverity
from celery_monitor.alerts.notification import Alert, Notification

NOW = 1_800_000_000.0
HOSTILE = "</p><script>x()</script><!channel>[a](http://evil.example)*b*\r\nBcc: x@evil.example\u202e\ud800"
"""A name of a task that would do harm in HTML, chats and headers."""


def alert(**changes: Any) -> Alert:
    """An alert that fires."""
    fields: dict[str, Any] = {
        "rule": "CeleryHighQueueDepth",
        "labels": {"resource": "shop", "queue": "print"},
        "severity": AlertSeverity.WARNING,
        "status": "firing",
        "since": NOW - 600,
        "summary": "A queue of shop is long",
        "description": "1200 messages are ready in queue print of shop. The limit is 1000.",
        "command": "celery -A shop health",
        "page_url": "https://monitor.example/monitoring/queues/print",
        "runbook_url": "https://docs.example/runbooks/CeleryHighQueueDepth",
    }
    return Alert(**{**fields, **changes})


def resolved(**changes: Any) -> Alert:
    """The same alert after its end."""
    return alert(status="resolved", ended=NOW, **changes)


def hostile() -> Alert:
    """An alert about a task with a hostile name."""
    return alert(
        labels={"resource": "shop", "name": HOSTILE},
        summary=f"Tasks {HOSTILE} fail",
        description=f"12 % of the runs of {HOSTILE} fail.",
        command=f"celery -A shop health why '{HOSTILE}'",
    )


ALL_ALERTS = "https://monitor.example/monitoring/alerts"


def message(*alerts: Alert, waiting: int = 0) -> Notification:
    """A message about these alerts, or about one."""
    return Notification(alerts or (alert(),), NOW, waiting, ALL_ALERTS)
