"""The alerts file: YAML with the fields of ``spec.monitor.alerts``, and files in the place of Secrets."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from celery_monitor.settings.alerts import values
from celery_monitor.settings.alerts.channels import (
    AlertSettings,
    AppriseSettings,
    EmailSettings,
    Header,
    WebhookFormat,
    WebhookSettings,
)
from celery_monitor.settings.private_file import read_private
from celery_monitor.settings.problem import SettingsError
from celery_monitor.settings.values import network

MAX_CHANNELS = 30
"""As many as ``spec.monitor.alerts`` takes: ten of each kind."""
MAX_RECIPIENTS = 50
_MOST_BYTES = 256 * 1024
_MOST_SECRET_BYTES = 4096

T = TypeVar("T")


class _Entry(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A part of the file."""


class _HeaderEntry(_Entry):
    name: str
    value: str | None = None
    value_file: str | None = None


class _WebhookEntry(_Entry):
    name: str
    url: str | None = None
    url_file: str | None = None
    format: str = WebhookFormat.ALERTMANAGER.value
    signing_secret: str | None = None
    signing_secret_file: str | None = None
    header: _HeaderEntry | None = None


class _EmailEntry(_Entry):
    name: str
    sender: str = msgspec.field(name="from")
    to: list[str]
    url: str | None = None
    url_file: str | None = None


class _AppriseEntry(_Entry):
    name: str
    url: str | None = None
    url_file: str | None = None


class _File(_Entry):
    webhooks: list[_WebhookEntry] = []
    emails: list[_EmailEntry] = []
    apprise: list[_AppriseEntry] = []
    networks: list[str] = []


def read_file(file: Path) -> AlertSettings:
    """The channels of a file. Paths in it are relative to its folder.

    Raises:
        SettingsError: the file, or a file of a secret, cannot be read or used.
    """
    entries = _parsed(file)
    place = _Place(file)
    channels = AlertSettings(
        webhooks=tuple(_each(place, "webhooks", entries.webhooks, _webhook)),
        emails=tuple(_each(place, "emails", entries.emails, _email)),
        apprise=tuple(_each(place, "apprise", entries.apprise, _apprise)),
        networks=tuple(_each(place, "networks", entries.networks, _network)),
    )
    if len(channels.names) > MAX_CHANNELS:
        raise SettingsError(f"{file} has more than {MAX_CHANNELS} channels: remove some")
    return channels


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the file, for messages and for the paths of secrets."""

    file: Path
    field: str = ""

    def secret(self, name: str, text: str | None, path: str | None) -> str | None:
        """The value of a field, or of the file that the field of the same name with ``File`` names."""
        if text is not None and path is not None:
            raise SettingsError(f"write only one of {name} and {name}File")
        return text if path is None else _secret(self.file.parent / path)

    def needed(self, name: str, text: str | None, path: str | None) -> str:
        """As ``secret``, where there has to be a value."""
        found = self.secret(name, text, path)
        if not found:
            raise SettingsError(f"write {name} or {name}File")
        return found


def _each(place: _Place, group: str, entries: list[Any], convert: Callable[[_Place, Any], T]) -> list[T]:
    found = []
    for number, entry in enumerate(entries):
        where = f"{group}[{number}]"
        try:
            found.append(convert(_Place(place.file, where), entry))
        except SettingsError as error:
            raise SettingsError(f"{where} in {place.file} cannot be used: {error}") from None
    return found


def _webhook(place: _Place, entry: _WebhookEntry) -> WebhookSettings:
    formats = [one.value for one in WebhookFormat]
    if entry.format not in formats:
        raise SettingsError(f"its format is unknown: write {', '.join(formats[:-1])} or {formats[-1]}")
    secret = place.secret("signingSecret", entry.signing_secret, entry.signing_secret_file)
    return WebhookSettings(
        name=values.channel_name(entry.name),
        url=values.webhook_url(place.needed("url", entry.url, entry.url_file)),
        format=WebhookFormat(entry.format),
        signing_secret=None if secret is None else values.signing_secret(secret),
        header=None if entry.header is None else _header(place, entry.header),
    )


def _header(place: _Place, entry: _HeaderEntry) -> Header:
    return values.secret_header(entry.name, place.needed("value", entry.value, entry.value_file))


def _email(place: _Place, entry: _EmailEntry) -> EmailSettings:
    if not 0 < len(entry.to) <= MAX_RECIPIENTS:
        raise SettingsError(f"to has no address, or more than {MAX_RECIPIENTS}")
    return EmailSettings(
        name=values.channel_name(entry.name),
        server=values.smtp_server(place.needed("url", entry.url, entry.url_file)),
        sender=values.mail_sender(entry.sender),
        recipients=tuple(map(values.mail_address, entry.to)),
    )


def _apprise(place: _Place, entry: _AppriseEntry) -> AppriseSettings:
    if find_spec("apprise") is None:
        raise SettingsError("apprise is not installed: run `pip install 'celery-operator[apprise]'`")
    url = values.apprise_url(place.needed("url", entry.url, entry.url_file))
    return AppriseSettings(values.channel_name(entry.name), url)


def _network(_: _Place, text: str) -> IPv4Network | IPv6Network:
    return network(text)


def _parsed(file: Path) -> _File:
    text = read_private(file, "the alerts file", _MOST_BYTES)
    try:
        document = yaml.safe_load(text)
        return msgspec.convert({} if document is None else document, _File)
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError(f"the alerts file {file} is not YAML{line}: correct it") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, msgspec.ValidationError):
            raise SettingsError(f"the alerts file {file} cannot be used: {_problem(error)}") from None
        raise SettingsError(f"the alerts file {file} is not YAML: correct it") from None


def _problem(error: msgspec.ValidationError) -> str:
    """What is wrong in a document. msgspec names the field and its type, and no value of a text."""
    problem, _, place = str(error).partition(" - at ")
    field = place.strip("`").removeprefix("$.").removeprefix("$")
    return f"{problem}, in {field}" if field else problem


def _secret(file: Path) -> str:
    text = read_private(file, "the file", _MOST_SECRET_BYTES).strip()
    if not text:
        raise SettingsError(f"the file {file} is empty: write the secret into it")
    return text
