"""Makes channels from settings."""

from celery_monitor.alerts.channels.apprise_channel import Apprise
from celery_monitor.alerts.channels.smtp import Email
from celery_monitor.alerts.channels.webhook import Webhook
from celery_monitor.alerts.notification import Channel
from celery_monitor.settings.alerts.channels import AlertSettings


def open_channels(settings: AlertSettings) -> tuple[Channel, ...]:
    """All channels, in the order of the settings. Nothing is connected yet."""
    allowed = settings.networks
    return (
        *(Webhook(one, allowed) for one in settings.webhooks),
        *(Email(one, allowed) for one in settings.emails),
        *(Apprise(one, allowed) for one in settings.apprise),
    )
