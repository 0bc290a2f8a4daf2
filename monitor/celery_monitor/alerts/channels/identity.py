"""Names of alerts and messages that stay the same, so that receivers recognise a repetition."""

import json
from hashlib import blake2b

from celery_monitor.alerts.notification import Alert, Notification


def fingerprint(alert: Alert) -> str:
    """16 hexadecimal digits: the same for all messages about one alert."""
    return _digest([alert.rule, sorted(alert.labels.items())], 8)


def episode(alert: Alert) -> str:
    """As ``fingerprint``, and different each time the alert begins to fire."""
    return f"{fingerprint(alert)}.{alert.since:.0f}"


def message_id(notification: Notification, channel: str) -> str:
    """The same for each attempt to deliver one message through one channel."""
    alerts = [(episode(alert), alert.status) for alert in notification.alerts]
    return _digest([channel, f"{notification.at:.3f}", alerts], 16)


def _digest(value: object, size: int) -> str:
    return blake2b(json.dumps(value).encode(), digest_size=size).hexdigest()
