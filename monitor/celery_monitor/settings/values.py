"""Values of options: what is accepted, and what a refusal says."""

import math
import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from celery_health.urls import BrokerKind, UrlError, parse, parse_management
from celery_monitor.settings.problem import SettingsError

DEFAULT_PORT = 8555
_PREFIX = re.compile(r"(/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~-]+)+\Z")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
_CLIENT_HEADERS = frozenset({"authorization", "cookie", "host", "origin", "user-agent"})
_MAX_DIGITS = 18
_TASK = re.compile(r"[^\s=,]{1,255}\Z")
_DATABASES = "postgresql://USER:PASSWORD@HOST/NAME or sqlite:////ABSOLUTE/PATH"


def url_prefix(text: str) -> str:
    """The path without a slash at the end; empty for the root."""
    path = f"/{text.strip('/')}" if text.strip("/") else ""
    if path and not _PREFIX.match(path):
        raise SettingsError(f"{text!r} is not a path: write /celery, with letters, digits and . _ ~ -")
    return path


def schema(text: str) -> str:
    """The name of a schema that needs no quotes."""
    if not _SCHEMA.match(text):
        raise SettingsError(f"{text!r} is not the name of a schema: use lower-case letters, digits and _")
    return text


def host(text: str) -> str:
    """An address or a host name."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        pass
    if not _HOST_NAME.match(text):
        raise SettingsError(f"{text!r} is not an address: write 127.0.0.1, 0.0.0.0, :: or a host name")
    return text


def port(text: str) -> int:
    """The number of a port."""
    # In a pod beside a Service with the name celery-monitor, Kubernetes sets CELERY_MONITOR_PORT to its URL.
    if text.startswith("tcp://"):
        return DEFAULT_PORT
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise SettingsError(f"{text!r} is not a port: use a number from 0 to 65535")
    return int(text)


def management_url(text: str) -> str:
    """The URL of RabbitMQ's management API."""
    try:
        parse_management(text)
    except UrlError as error:
        raise SettingsError(str(error)) from None
    return text


def limit(text: str) -> float | None:
    """A number above 0, or None for ``none``."""
    if text == "none":
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise SettingsError(f"{text!r} is not a number above 0, nor none")
    return number


def count(text: str) -> int | None:
    """A whole number above 0, or None for ``none``."""
    number = limit(text)
    if number is None:
        return None
    if number != int(number):
        raise SettingsError(f"{text!r} is not a whole number")
    return int(number)


def network(text: str) -> IPv4Network | IPv6Network:
    """An address or a network."""
    try:
        return ip_network(text)
    except ValueError:
        raise SettingsError(f"{text!r} is not an address or network: write 10.0.0.5 or 10.0.0.0/24") from None


def backlog_threshold(text: str) -> int:
    """A number of messages."""
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise SettingsError(f"{text!r} is not a number of messages: use a whole number such as 1000")
    return int(text)


def pattern(text: str) -> str:
    """A pattern of names. An empty one would match no worker."""
    if not text.strip():
        raise SettingsError("an empty pattern matches no worker: write 'shop-*@*', or leave the option out")
    return text


def queue_pattern(text: str) -> str:
    """A pattern of queues. An empty one would match no queue."""
    if not text.strip():
        raise SettingsError("an empty pattern matches no queue: write '*.dead', or leave the option out")
    return text


def master_name(text: str) -> str:
    """The name of a master of Sentinels."""
    if not text.strip():
        raise SettingsError("the name is empty: write the name as the Sentinels have it, such as mymaster")
    return text


def header(text: str) -> str:
    """The name of a header of HTTP. Headers that browsers or every client send name no user."""
    if not _HEADER.match(text) or text.lower() in _CLIENT_HEADERS:
        raise SettingsError(f"{text!r} is not a header of a proxy: write X-Auth-Request-Email")
    return text


def submit_task(text: str) -> tuple[str, str]:
    """The name in the request and the name of the task: ``NAME``, or ``ALIAS=NAME``."""
    alias, _, name = text.partition("=")
    name = name or alias
    if not _TASK.match(alias) or not _TASK.match(name) or text.endswith("="):
        raise SettingsError(f"{text!r} is not a task: write shop.tasks.send or mail=shop.tasks.send")
    return alias, name


def database(text: str, origin: str) -> str:
    """The URL of the history, without a driver: the monitor has its own.

    Raises:
        SettingsError: it is not a URL of PostgreSQL or SQLite.
    """
    if "://" not in text:
        raise SettingsError(f"{origin} is no URL: write {_DATABASES}.")
    try:
        parsed = parse(text)
    except UrlError as error:
        raise SettingsError(f"{origin} cannot be used: {error}") from None
    if parsed.kind is BrokerKind.SQLITE and not parsed.database_name:
        raise SettingsError(f"{origin} names no file: write {_DATABASES}.")
    if parsed.kind not in {BrokerKind.POSTGRESQL, BrokerKind.SQLITE}:
        raise SettingsError(
            f"{origin} is a URL of {parsed.scheme}, and the history needs PostgreSQL or SQLite: "
            f"write {_DATABASES}."
        )
    return f"{parsed.kind}://{text.partition('://')[2]}"
