"""From options and the alerts file to channels."""

from collections.abc import Mapping
from typing import Any

from celery_monitor.settings.alerts.channels import (
    AlertSettings,
    EmailSettings,
    WebhookFormat,
    WebhookSettings,
)
from celery_monitor.settings.alerts.file import read_file
from celery_monitor.settings.problem import SettingsError

WEBHOOK_NAME = "webhook"
EMAIL_NAME = "email"


def read_alerts(options: Mapping[str, Any]) -> AlertSettings:
    """All channels.

    Raises:
        SettingsError: the file cannot be used, or the options do not fit together.
    """
    file = options["alerts_file"]
    given = AlertSettings() if file is None else read_file(file)
    alerts = AlertSettings(
        webhooks=(*given.webhooks, *_webhook(options)),
        emails=(*given.emails, *_email(options)),
        apprise=given.apprise,
        networks=(*given.networks, *options["alert_networks"]),
    )
    doubled = next((name for name in alerts.names if alerts.names.count(name) > 1), None)
    if doubled is not None:
        raise SettingsError(f"two channels for alerts have the name {doubled!r}: rename one in {file}")
    return alerts


def _webhook(options: Mapping[str, Any]) -> tuple[WebhookSettings, ...]:
    url, secret = options["alert_webhook_url"], options["alert_webhook_secret"]
    if url is None:
        if secret is not None:
            raise SettingsError("--alert-webhook-secret needs --alert-webhook-url")
        return ()
    sent_as = WebhookFormat(options["alert_webhook_format"])
    return (WebhookSettings(WEBHOOK_NAME, url, sent_as, secret),)


def _email(options: Mapping[str, Any]) -> tuple[EmailSettings, ...]:
    server, sender, recipients = (
        options[name] for name in ("alert_smtp_url", "alert_mail_from", "alert_mail_to")
    )
    if server is None and sender is None and not recipients:
        return ()
    if server is None or sender is None or not recipients:
        raise SettingsError(
            "alerts by mail need all three of --alert-smtp-url, --alert-mail-from and --alert-mail-to"
        )
    return (EmailSettings(EMAIL_NAME, server, sender, tuple(recipients)),)
