"""Values of channels: what is accepted, and what a refusal says. No refusal quotes a secret."""

import base64
import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from urllib.parse import parse_qsl, unquote, urlsplit

from celery_monitor.settings.alerts.channels import Header, SmtpServer, SmtpTls
from celery_monitor.settings.problem import SettingsError

SIGNING_PREFIX = "whsec_"
"""Begins a signing secret that is written in base64. Any other one is taken as it is."""
MIN_SIGNING_SECRET = 16
_MOST_CHARACTERS = 2048
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
_OWN_HEADERS = re.compile(r"(content-.*|connection|host|transfer-encoding|webhook-.*)\Z", re.IGNORECASE)
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,4094}[\x21-\x7e])?\Z")
_HOST = re.compile(r"[A-Za-z0-9:]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?\Z")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\Z")
_SENDER = re.compile(r"(?P<name>[^<>\",;:@]{0,64}?)\s*<(?P<address>[^<>]+)>\Z")
_APPRISE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://[^\s]+\Z")
_SMTP = "write smtp://USER:PASSWORD@HOST:587 for STARTTLS, or smtps://USER:PASSWORD@HOST:465 for TLS"
_PORTS = {SmtpTls.STARTTLS: 587, SmtpTls.IMPLICIT: 465, SmtpTls.NONE: 25}


def channel_name(text: str) -> str:
    """The name of a channel, as metrics and the API show it."""
    if not _NAME.match(text):
        raise SettingsError("a channel's name has lower-case letters, digits and '-': write ops-chat")
    return text


def webhook_url(text: str) -> str:
    """The URL that messages are posted to. It may hold a secret, so it is never quoted."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError("the URL of a webhook cannot be read: write https://HOST/PATH")
    if "@" in parts.netloc:
        raise SettingsError("the URL of a webhook has a user: write https://HOST/PATH, and send a header")
    if len(text) > _MOST_CHARACTERS:
        raise SettingsError(f"the URL of a webhook has more than {_MOST_CHARACTERS} characters")
    return text


def signing_secret(text: str) -> str:
    """The secret that signs messages."""
    try:
        key = signing_key(text)
    except ValueError:
        key = b""
    if len(key) < MIN_SIGNING_SECRET:
        raise SettingsError(
            f"the secret that signs messages has fewer than {MIN_SIGNING_SECRET} bytes: make one with "
            f'`echo "{SIGNING_PREFIX}$(openssl rand -base64 32)"`'
        )
    return text


def signing_key(secret: str) -> bytes:
    """The key that a signing secret stands for.

    Raises:
        ValueError: what follows the prefix is not base64.
    """
    if secret.startswith(SIGNING_PREFIX):
        return base64.b64decode(secret.removeprefix(SIGNING_PREFIX), validate=True)
    return secret.encode()


def secret_header(name: str, value: str) -> Header:
    """A header that goes with each message."""
    if not _HEADER.match(name) or _OWN_HEADERS.match(name):
        raise SettingsError("the name of a header cannot be used: write Authorization or X-Api-Key")
    if not _HEADER_VALUE.match(value):
        raise SettingsError(f"the value of the header {name} has characters that a header cannot carry")
    return Header(name, value)


def smtp_server(text: str) -> SmtpServer:
    """A mail server from its URL. Without encryption there is no login: the password could be read."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise SettingsError(f"the URL of the mail server cannot be read: {_SMTP}") from None
    known = parts.scheme in {"smtp", "smtps"} and _HOST.match(host) and port != 0
    if not known or parts.path.strip("/") or query not in ({}, {"tls": "none"}):
        raise SettingsError(f"the URL of the mail server cannot be used: {_SMTP}")
    tls = SmtpTls.IMPLICIT if parts.scheme == "smtps" else SmtpTls.NONE if query else SmtpTls.STARTTLS
    if parts.scheme == "smtps" and query:
        raise SettingsError("smtps:// is encrypted: remove tls=none, or write smtp://HOST:25?tls=none")
    user, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
    if tls is SmtpTls.NONE and user:
        raise SettingsError("a login needs TLS: remove tls=none, or the user and the password, from the URL")
    if bool(user) != bool(password):
        raise SettingsError(f"a login needs a user and a password: {_SMTP}")
    return SmtpServer(host, port or _PORTS[tls], tls, user or None, password or None)


def mail_address(text: str) -> str:
    """One address."""
    try:
        usable = _ADDRESS.match(text) and len(text) <= 254 and Address(addr_spec=text).domain
    except (ValueError, HeaderParseError):
        usable = False
    if not usable:
        raise SettingsError(f"{_quoted(text)} is not a mail address: write ops@example.com")
    return text


def mail_sender(text: str) -> str:
    """One address, with or without a name: ``Celery <alerts@example.com>``."""
    found = _SENDER.match(text)
    if found is None:
        return mail_address(text)
    if not found["name"].isprintable():
        raise SettingsError("the name of the sender has characters that cannot be printed")
    mail_address(found["address"])
    return text


def apprise_url(text: str) -> str:
    """A URL of apprise. It may hold a secret, so it is never quoted."""
    if not _APPRISE.match(text) or len(text) > _MOST_CHARACTERS or not text.isprintable():
        raise SettingsError(
            "a URL of apprise cannot be read: write it in apprise's format, such as ntfy://TOPIC"
        )
    return text


def _quoted(text: str) -> str:
    """A wrong address, unless it has the form of a URL, which may contain a password."""
    return "a text" if "://" in text or len(text) > 100 else repr(text)
