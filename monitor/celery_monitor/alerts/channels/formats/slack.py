"""What an incoming webhook of Slack takes. Names of tasks and queues stand in plain text only."""

from collections.abc import Iterable, Iterator
from typing import Any

from celery_monitor.alerts.channels.texts import (
    all_alerts_url,
    bounded,
    described,
    headline,
    introduction,
    links,
    plain,
    state,
    without_mentions,
)
from celery_monitor.alerts.notification import Alert, Notification

# Slack takes 50 blocks, and four are needed for an alert. Two stand before them.
_MOST = 10
_MAX_TEXT = 3000
_MAX_HEADER = 150


def slack(notification: Notification, _: str) -> dict[str, Any]:
    """The document. ``text`` is for notifications, and for other chats that take this format."""
    blocks = [block for alert in described(notification, _MOST) for block in _blocks(alert)]
    if url := all_alerts_url(notification, _MOST):
        blocks.insert(0, _links((("All alerts", url),)))
    if first := introduction(notification, _MOST):
        blocks.insert(0, _section(_plain(first)))
    return {
        "text": _text(notification),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks,
    }


def _text(notification: Notification) -> str:
    """Describes as many alerts as there is room for."""
    most = _MOST
    while len(text := _plain_text(notification, most)) > _MAX_TEXT and most > 1:
        most -= 1
    return escaped(without_mentions(text[:_MAX_TEXT]))


def _plain_text(notification: Notification, most: int) -> str:
    return f"{headline(notification)}\n{plain(notification, most)}"


def escaped(text: str) -> str:
    """Text in which Slack sees no link, channel or mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(alert: Alert) -> Iterator[dict[str, Any]]:
    yield {"type": "header", "text": _plain(bounded(alert.summary, _MAX_HEADER), _MAX_HEADER)}
    yield {"type": "context", "elements": [_plain(state(alert))]}
    if alert.status == "firing":
        command = f"\nCommand: {bounded(alert.command)}" if alert.command else ""
        yield _section(_plain(f"{bounded(alert.description)}{command}"))
    if found := tuple(links(alert)):
        yield _links(found)


def _links(found: Iterable[tuple[str, str]]) -> dict[str, Any]:
    shown = " | ".join(f"<{escaped(url).replace('|', '%7C')}|{name}>" for name, url in found)
    return _section({"type": "mrkdwn", "text": shown, "verbatim": True})


def _section(text: dict[str, Any]) -> dict[str, Any]:
    return {"type": "section", "text": text}


def _plain(text: str, most: int = _MAX_TEXT) -> dict[str, Any]:
    # What keeps a mention from being one makes the text longer, and Slack refuses a longer one.
    return {"type": "plain_text", "text": without_mentions(text)[:most], "emoji": False}
