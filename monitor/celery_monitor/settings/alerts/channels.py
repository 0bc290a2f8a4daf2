"""The channels of the monitor's own alerts. No secret is in the text of any of these."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network


class WebhookFormat(StrEnum):
    """The JSON document that a webhook sends."""

    ALERTMANAGER = "Alertmanager"
    SLACK = "Slack"
    TEAMS = "Teams"


@dataclass(frozen=True, slots=True)
class Header:
    """A header of HTTP with a secret in it."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """One URL. ``signing_secret`` signs each message, ``header`` goes with each."""

    name: str
    url: str = field(repr=False)
    format: WebhookFormat = WebhookFormat.ALERTMANAGER
    signing_secret: str | None = field(default=None, repr=False)
    header: Header | None = None


class SmtpTls(StrEnum):
    """How the connection to a mail server is encrypted."""

    STARTTLS = "starttls"
    """From the command STARTTLS on. A server without it is not used."""
    IMPLICIT = "implicit"
    """From the first byte on."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server that takes messages. Without a user there is no login."""

    host: str
    port: int
    tls: SmtpTls = SmtpTls.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """Messages from one address to others."""

    name: str
    server: SmtpServer
    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppriseSettings:
    """A URL of apprise, which knows many services."""

    name: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """All channels, and the networks with addresses that are refused otherwise, such as loopback."""

    webhooks: tuple[WebhookSettings, ...] = ()
    emails: tuple[EmailSettings, ...] = ()
    apprise: tuple[AppriseSettings, ...] = ()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of all channels."""
        return [one.name for group in (self.webhooks, self.emails, self.apprise) for one in group]
