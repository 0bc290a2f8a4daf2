"""Where the alerts of a resource's monitor go: ``spec.monitor.alerts``."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from celery_operator.api import monitor_rules as rules
from celery_operator.api.base import ApiModel
from celery_operator.api.references import SecretSource, UrlSource
from celery_operator.api.rules import checked, keyed

ChannelName = Annotated[
    str, Field(min_length=1, max_length=63, json_schema_extra=checked(*rules.CHANNEL_NAME))
]
MailAddress = Annotated[
    str, Field(min_length=3, max_length=254, json_schema_extra=checked(*rules.MAIL_ADDRESS))
]


class AlertHeader(ApiModel):
    """A header of HTTP with a secret."""

    name: Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=checked(*rules.HEADER_NAME))]
    """Name of the header, such as Authorization."""
    value_from: SecretSource
    """A Secret that holds the value of the header."""


class AlertWebhook(ApiModel):
    """A URL to which the monitor posts alerts. Write exactly one of url and urlFrom."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.ALERT_URL))

    name: ChannelName
    """Name of the channel."""
    url: Annotated[str, Field(max_length=2048, json_schema_extra=checked(*rules.WEBHOOK_URL))] | None = None
    """URL of the receiver. A URL that is a secret, such as those of Slack and Teams, belongs in a Secret:
    urlFrom.
    """
    url_from: UrlSource | None = None
    """A Secret that holds the URL."""
    format: Literal["Alertmanager", "Slack", "Teams"] = "Alertmanager"
    """What the receiver understands."""
    signing_secret_from: SecretSource | None = None
    """A Secret that holds the key with which messages are signed (HMAC-SHA256)."""
    header: AlertHeader | None = None


class AlertEmail(ApiModel):
    """Mails about alerts. Write exactly one of url and urlFrom."""

    model_config = ConfigDict(json_schema_extra=checked(*rules.ALERT_URL))

    name: ChannelName
    """Name of the channel."""
    url: Annotated[str, Field(max_length=2048, json_schema_extra=checked(*rules.SMTP_URL))] | None = None
    """URL of the mail server: smtp://HOST:587 for STARTTLS, smtps://HOST:465 for TLS. A URL with a password
    belongs in a Secret: urlFrom.
    """
    url_from: UrlSource | None = None
    """A Secret that holds the URL of the mail server."""
    sender: Annotated[
        str, Field(alias="from", min_length=3, max_length=320, json_schema_extra=checked(*rules.MAIL_SENDER))
    ]
    """Sender, such as Celery <alerts@example.com>."""
    to: Annotated[tuple[MailAddress, ...], Field(min_length=1, max_length=20)]
    """Recipients."""


class AlertApprise(ApiModel):
    """A service that apprise knows. Each URL of apprise is a secret."""

    name: ChannelName
    """Name of the channel."""
    url_from: UrlSource
    """A Secret that holds the URL, in apprise's format."""


class MonitorAlerts(ApiModel):
    """Where the monitor sends its own alerts, for installations without Alertmanager. A change restarts the
    monitor, and no worker.
    """

    model_config = ConfigDict(json_schema_extra=checked(*rules.ALERTS))

    webhooks: Annotated[tuple[AlertWebhook, ...], Field(max_length=10, json_schema_extra=keyed("name"))] = ()
    """URLs to which alerts are posted."""
    emails: Annotated[tuple[AlertEmail, ...], Field(max_length=10, json_schema_extra=keyed("name"))] = ()
    """Mails."""
    apprise: Annotated[tuple[AlertApprise, ...], Field(max_length=10, json_schema_extra=keyed("name"))] = ()
    """Services that apprise knows."""
    page_url: Annotated[str, Field(max_length=2048, json_schema_extra=checked(*rules.PAGE_URL))] | None = None
    """Where browsers find the monitor, with its urlPrefix, such as https://monitor.example.com: messages then
    link to its page.
    """
    networks: Annotated[
        tuple[
            Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=checked(*rules.PROXY))], ...
        ],
        Field(max_length=32),
    ] = ()
    """Addresses or networks to which alerts are sent although they are loopback, link-local or metadata
    addresses.
    """
