"""The options of the alerts. Each has an environment variable, as all options of the program have."""

from pathlib import Path

import click

from celery_monitor.settings.alerts.channels import WebhookFormat
from celery_monitor.settings.alerts.values import (
    mail_address,
    mail_sender,
    signing_secret,
    smtp_server,
    webhook_url,
)
from celery_monitor.settings.setting import Checked, Setting
from celery_monitor.settings.values import network

ALERTS: tuple[Setting, ...] = (
    Setting(
        "--alerts-file",
        field="monitor.alerts",
        type=click.Path(path_type=Path),
        help="A file with any number of channels.",
    ),
    Setting(
        "--alert-webhook-url",
        secret=True,
        metavar="URL",
        type=Checked("url", webhook_url),
        help="Post alerts to this URL.",
    ),
    Setting(
        "--alert-webhook-format",
        type=click.Choice([one.value for one in WebhookFormat]),
        default=WebhookFormat.ALERTMANAGER.value,
        show_default=True,
        help="What the receiver understands.",
    ),
    Setting(
        "--alert-webhook-secret",
        secret=True,
        metavar="SECRET",
        type=Checked("secret", signing_secret),
        help="Sign what --alert-webhook-url gets.",
    ),
    Setting(
        "--alert-smtp-url",
        secret=True,
        metavar="URL",
        type=Checked("url", smtp_server),
        help="Send mails through this server: smtp://USER:PASSWORD@HOST:587 (STARTTLS), or smtps:// (TLS).",
    ),
    Setting(
        "--alert-mail-from",
        metavar="ADDRESS",
        type=Checked("address", mail_sender),
        help="The sender of mails.",
    ),
    Setting(
        "--alert-mail-to",
        multiple=True,
        metavar="ADDRESS",
        type=Checked("address", mail_address),
        help="A recipient of mails. Can be given more than once.",
    ),
    Setting(
        "--alert-networks",
        multiple=True,
        type=Checked("network", network),
        help="Also send alerts to these addresses, such as 127.0.0.1 or 127.0.0.0/8. Can be given more than "
        "once.  [default: no loopback, link-local or metadata address]",
    ),
)
