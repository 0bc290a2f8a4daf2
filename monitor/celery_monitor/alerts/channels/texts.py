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
    """One line: the first summary, and how many more alerts there are in this message and in later ones."""
    first, *others = notification.alerts
    state = "Firing" if notification.status == "firing" else "Resolved"
    number = len(others) + notification.waiting
    more = f", and {counted(number, 'more alert')}" if number else ""
    return f"[{state}] {bounded(first.summary, MAX_HEADLINE)}{more}"


def totals(notification: Notification) -> str:
    """How many alerts fire, how many are resolved and how many are left for later messages, as a sentence."""
    firing = sum(alert.status == "firing" for alert in notification.alerts)
    resolved, waiting = len(notification.alerts) - firing, notification.waiting
    if firing:
        parts = [f"{counted(firing, 'alert')} {'fires' if firing == 1 else 'fire'}"]
        parts += [f"{resolved} {is_or_are(resolved)} resolved"] if resolved else []
    else:
        parts = [f"{counted(resolved, 'alert')} {is_or_are(resolved)} resolved"]
    if waiting:
        parts.append(f"{waiting} more {'follows' if waiting == 1 else 'follow'} in later messages")
    return f"{', '.join(parts)}."


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
        if url and _is_link(url):
            yield name, printable(url)


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= MAX_URL


def described(notification: Notification, most: int = MAX_ALERTS) -> tuple[Alert, ...]:
    """The alerts that a message to people describes."""
    return notification.alerts[:most]


def left_out(notification: Notification, most: int = MAX_ALERTS) -> str:
    """How many alerts are not described, as a sentence; empty if all are."""
    number = len(notification.alerts) - most
    return "" if number <= 0 else f"{counted(number, 'more alert')} {is_or_are(number)} not described here."


def introduction(notification: Notification, most: int = MAX_ALERTS) -> str:
    """What stands before several alerts: how many there are. At the end, a chat could cut it off."""
    if len(notification.alerts) == 1:
        return ""
    return f"{totals(notification)} {left_out(notification, most)}".rstrip()


def all_alerts_url(notification: Notification, most: int = MAX_ALERTS) -> str | None:
    """Where the page lists all alerts, if a message does not describe them all."""
    complete = not notification.waiting and not left_out(notification, most)
    url = notification.page_url
    return None if complete or not url or not _is_link(url) else printable(url)


def plain(notification: Notification, most: int = MAX_ALERTS) -> str:
    """The whole message as plain text, with a blank line between two alerts."""
    parts = [_paragraph(alert) for alert in described(notification, most)]
    if first := introduction(notification, most):
        url = all_alerts_url(notification, most)
        parts.insert(0, f"{first}\nAll alerts: {url}" if url else first)
    return "\n\n".join(parts)


def _paragraph(alert: Alert) -> str:
    lines = [bounded(alert.summary), state(alert)]
    if alert.status == "firing":
        lines.append(bounded(alert.description))
        if alert.command:
            lines.append(f"Command: {bounded(alert.command)}")
    lines += [f"{name}: {url}" for name, url in links(alert)]
    return "\n".join(lines)
