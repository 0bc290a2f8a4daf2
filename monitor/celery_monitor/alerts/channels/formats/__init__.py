"""The JSON documents that receivers of webhooks understand. Each format is a pure function."""

from collections.abc import Callable, Mapping
from typing import Any

from celery_monitor.alerts.channels.formats.alertmanager import alertmanager
from celery_monitor.alerts.channels.formats.slack import slack
from celery_monitor.alerts.channels.formats.teams import teams
from celery_monitor.alerts.notification import Notification
from celery_monitor.settings.alerts.channels import WebhookFormat

Format = Callable[[Notification, str], dict[str, Any]]
"""From a message and the name of the channel to a document."""

FORMATS: Mapping[WebhookFormat, Format] = {
    WebhookFormat.ALERTMANAGER: alertmanager,
    WebhookFormat.SLACK: slack,
    WebhookFormat.TEAMS: teams,
}
