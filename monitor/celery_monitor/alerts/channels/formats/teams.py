"""What a webhook of Microsoft Teams (Workflows) takes: a message with an Adaptive Card.

Names of tasks and queues stand in text runs, where Markdown does not count.
"""

import json
from collections.abc import Iterator
from typing import Any

from celery_monitor.alerts.channels.texts import (
    all_alerts_url,
    bounded,
    described,
    headline,
    introduction,
    links,
    state,
)
from celery_monitor.alerts.notification import Alert, Notification

MAX_BYTES = 24_000
"""Teams refuses a message of 28 KB."""
_MOST = 10
_MAX_ACTIONS = 6


def teams(notification: Notification, _: str) -> dict[str, Any]:
    """The document, with as many alerts as Teams takes."""
    most = _MOST
    while len(json.dumps(document := _document(notification, most)).encode()) > MAX_BYTES and most > 1:
        most -= 1
    return document


def _document(notification: Notification, most: int) -> dict[str, Any]:
    alerts = described(notification, most)
    body = [part for alert in alerts for part in _parts(alert)]
    if first := introduction(notification, most):
        body.insert(0, _text(first, weight="Bolder"))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": headline(notification),
        "body": body,
        "actions": _actions(alerts, all_alerts_url(notification, most)),
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [content]}


def _parts(alert: Alert) -> Iterator[dict[str, Any]]:
    color = (
        "Good" if alert.status == "resolved" else "Attention" if alert.severity == "critical" else "Warning"
    )
    yield _text(bounded(alert.summary, 300), weight="Bolder", size="Medium", color=color)
    yield _text(state(alert), isSubtle=True)
    if alert.status == "firing":
        yield _text(bounded(alert.description))
        if alert.command:
            yield _text(bounded(alert.command), fontType="Monospace")


def _text(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _actions(alerts: tuple[Alert, ...], all_alerts: str | None) -> list[dict[str, Any]]:
    """A button for each place, once. ``all_alerts``: the place that comes first."""
    found = {} if all_alerts is None else {all_alerts: "All"}
    for alert in alerts:
        for name, url in links(alert):
            found.setdefault(url, name)
    several = len(alerts) > 1
    titles = {
        "All": "Open all alerts",
        "Page": "Open the page",
        "Runbook": "Open a runbook" if several else "Open the runbook",
    }
    return [
        {"type": "Action.OpenUrl", "title": titles[name], "url": url}
        for url, name in list(found.items())[:_MAX_ACTIONS]
    ]
