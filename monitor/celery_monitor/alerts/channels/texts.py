"""The words of a message, as plain text of bounded length."""

import re
from collections.abc import Iterator

from celery_health.redaction import printable
from celery_health.times import iso_time
from celery_health.verdicts.text import counted, is_or_are, lasting
from celery_monitor.alerts.notification import Alert, Notification

MAX_HEADLINE = 160
MAX_SENTENCE = 600
MAX_URL = 2000
MAX_ALERTS = 20
"""The alerts that a message to people describes. The others are counted."""
_CUT = "..."
_MENTION = re.compile(r"@(?=(?:all|channel|everyone|here)\b)", re.IGNORECASE)


def bounded(text: str, limit: int = MAX_SENTENCE) -> str:
    """The text without control characters, at most ``limit`` characters of it."""
    shown = printable(text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - len(_CUT)] + _CUT


def without_mentions(text: str) -> str:
    """The text with nothing in it that a chat takes for a call to everybody."""
    return _MENTION.sub("@\u200b", text)


def headline(notification: Notification) -> str:
    """One line: the summary of a single alert, otherwise how many fire and the first summary."""
    first, *others = notification.alerts
    state = "Firing" if notification.status == "firing" else "Resolved"
    more = f", and {counted(len(others), 'more alert')}" if others else ""
    return f"[{state}] {bounded(first.summary, MAX_HEADLINE)}{more}"


def totals(notification: Notification) -> str:
    """How many alerts fire and how many are resolved, as a sentence."""
    firing = sum(alert.status == "firing" for alert in notification.alerts)
    resolved = len(notification.alerts) - firing
    if not firing:
        return f"{counted(resolved, 'alert')} {is_or_are(resolved)} resolved."
    return f"{counted(firing, 'alert')} {'fires' if firing == 1 else 'fire'}" + (
        f", {resolved} {is_or_are(resolved)} resolved." if resolved else "."
    )


def state(alert: Alert) -> str:
    """Since when the alert fires, or how long it did."""
    if alert.status == "firing":
        return f"{alert.severity.capitalize()}, firing since {moment(alert.since)}"
    return f"Resolved after {lasting(max(0.0, (alert.ended or alert.since) - alert.since))}"


def moment(at: float) -> str:
    """A time that people read, in UTC."""
    return f"{(iso_time(at, 'seconds') or '')[:19].replace('T', ' ')} UTC"


def links(alert: Alert) -> Iterator[tuple[str, str]]:
    """What the links of an alert are called, and their URLs. Only URLs of the web are links."""
    for name, url in (("Page", alert.page_url), ("Runbook", alert.runbook_url)):
        if url and url.startswith(("https://", "http://")) and len(url) <= MAX_URL:
            yield name, printable(url)


def described(notification: Notification, most: int = MAX_ALERTS) -> tuple[Alert, ...]:
    """The alerts that a message to people describes."""
    return notification.alerts[:most]


def left_out(notification: Notification, most: int = MAX_ALERTS) -> str:
    """How many alerts are not described, as a sentence; empty if all are."""
    number = len(notification.alerts) - most
    return "" if number <= 0 else f"{counted(number, 'more alert')} {is_or_are(number)} not described here."


def plain(notification: Notification, most: int = MAX_ALERTS) -> str:
    """The whole message as plain text, with a blank line between two alerts."""
    parts = [_paragraph(alert) for alert in described(notification, most)]
    if len(notification.alerts) > 1:
        parts.insert(0, totals(notification))
    if rest := left_out(notification, most):
        parts.append(rest)
    return "\n\n".join(parts)


def _paragraph(alert: Alert) -> str:
    lines = [bounded(alert.summary), state(alert)]
    if alert.status == "firing":
        lines.append(bounded(alert.description))
        if alert.command:
            lines.append(f"Command: {bounded(alert.command)}")
    lines += [f"{name}: {url}" for name, url in links(alert)]
    return "\n".join(lines)
