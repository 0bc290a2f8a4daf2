"""What an incoming webhook of Slack takes. Names of tasks and queues stand in plain text only."""

from collections.abc import Iterator
from typing import Any

from celery_monitor.alerts.channels.texts import (
    bounded,
    described,
    headline,
    left_out,
    links,
    plain,
    state,
    without_mentions,
)
from celery_monitor.alerts.notification import Alert, Notification

# Slack takes 50 blocks, and four are needed for an alert.
_MOST = 10
_MAX_TEXT = 3000
_MAX_HEADER = 150


def slack(notification: Notification, _: str) -> dict[str, Any]:
    """The document. ``text`` is for notifications, and for other chats that take this format."""
    blocks = [block for alert in described(notification, _MOST) for block in _blocks(alert)]
    if rest := left_out(notification, _MOST):
        blocks.append(_section(_plain(rest)))
    text = f"{headline(notification)}\n{plain(notification, _MOST)}"[:_MAX_TEXT]
    return {
        "text": escaped(without_mentions(text)),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks,
    }


def escaped(text: str) -> str:
    """Text in which Slack sees no link, channel or mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(alert: Alert) -> Iterator[dict[str, Any]]:
    yield {"type": "header", "text": _plain(bounded(alert.summary, _MAX_HEADER), _MAX_HEADER)}
    yield {"type": "context", "elements": [_plain(state(alert))]}
    if alert.status == "firing":
        command = f"\nCommand: {bounded(alert.command)}" if alert.command else ""
        yield _section(_plain(f"{bounded(alert.description)}{command}"))
    shown = " | ".join(f"<{escaped(url).replace('|', '%7C')}|{name}>" for name, url in links(alert))
    if shown:
        yield _section({"type": "mrkdwn", "text": shown, "verbatim": True})


def _section(text: dict[str, Any]) -> dict[str, Any]:
    return {"type": "section", "text": text}


def _plain(text: str, most: int = _MAX_TEXT) -> dict[str, Any]:
    # What keeps a mention from being one makes the text longer, and Slack refuses a longer one.
    return {"type": "plain_text", "text": without_mentions(text)[:most], "emoji": False}
