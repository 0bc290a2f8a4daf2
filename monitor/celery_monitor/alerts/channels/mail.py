"""A message as a mail: plain text and HTML, in one thread for each alert. Names are inert in both."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from celery_monitor.alerts.channels.identity import episode, message_id
from celery_monitor.alerts.channels.texts import (
    all_alerts_url,
    bounded,
    described,
    headline,
    introduction,
    links,
    plain,
    state,
)
from celery_monitor.alerts.notification import Alert, Notification
from celery_monitor.settings.alerts.channels import EmailSettings

_COLORS = {"critical": "#b3261e", "warning": "#8a5a00", "resolved": "#1b6e3c"}


def mail(notification: Notification, settings: EmailSettings) -> EmailMessage:
    """The mail.

    Each alert has a message id of its own, which no mail has, and which all mails about it refer to. So mail
    programs show the end of an alert below its beginning.
    """
    name, address = parseaddr(settings.sender)
    domain = address.rpartition("@")[2]
    threads = [f"<alert.{episode(alert)}@{domain}>" for alert in described(notification)]
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _inert(headline(notification))
    message["From"] = Address(name, addr_spec=address)
    message["To"] = [Address(addr_spec=one) for one in settings.recipients]
    message["Date"] = format_datetime(datetime.fromtimestamp(notification.at, UTC))
    message["Message-ID"] = f"<{message_id(notification, settings.name)}@{domain}>"
    message["In-Reply-To"] = threads[0]
    message["References"] = " ".join(threads)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{plain(notification)}\n", cte="quoted-printable")
    message.add_alternative(_html(notification), subtype="html", cte="quoted-printable")
    return message


def _inert(text: str) -> str:
    """The text without encoded words (RFC 2047): Python decodes them, and with them line breaks."""
    return text.replace("=?", "= ?")


def _html(notification: Notification) -> str:
    parts = [part for alert in described(notification) for part in _section(alert)]
    if first := introduction(notification):
        url = all_alerts_url(notification)
        link = f' <a href="{escape(url)}">All alerts</a>' if url else ""
        parts.insert(0, f"<p>{escape(first)}{link}</p>")
    style = "font-family: sans-serif; max-width: 40em"
    return f'<!doctype html><html><body style="{style}">{"".join(parts)}</body></html>\n'


def _section(alert: Alert) -> Iterator[str]:
    color = _COLORS["resolved" if alert.status == "resolved" else alert.severity.value]
    yield f'<h2 style="color: {color}; font-size: 1.1em">{escape(bounded(alert.summary))}</h2>'
    yield f"<p>{escape(state(alert))}</p>"
    if alert.status == "firing":
        yield f"<p>{escape(bounded(alert.description))}</p>"
        if alert.command:
            yield f"<pre>{escape(bounded(alert.command))}</pre>"
    shown = " | ".join(f'<a href="{escape(url)}">{name}</a>' for name, url in links(alert))
    if shown:
        yield f"<p>{shown}</p>"
