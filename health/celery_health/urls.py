"""Parses the URLs of brokers and result backends as kombu and Celery do, and masks their secrets.

``parse`` follows ``kombu.utils.url.url_to_parts``: user, password, host and path are percent-encoded, a
``virtual_host`` in the query takes precedence over the path, and ``;`` separates failover URLs. Database URLs
are parsed as SQLAlchemy does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from celery_health import sql_urls

_EXAMPLES = "redis://HOST:6379/0, rediss://, sentinel://, amqp://HOST:5672/VHOST or amqps://"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")

# Greedy up to the last "@" before white space, so that a password with an unescaped "@", "/", ";" or quote is
# masked completely. Hosts of a failover list may be masked too, which is better than to show half a password.
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,40}://)\S*@")
_SECRET_PARAMETER = re.compile(
    r"(?P<name>[?&;][\w.-]*(?:password|passwd|pwd|secret|token|access_?key|account_?key|credential)[\w.-]*=)"
    r"[^&;\s\"'<>]*",
    re.IGNORECASE,
)
MASK = "***"


class UrlError(ValueError):
    """The text is not the URL of a broker or result backend. The message says what to write instead."""


class BrokerKind(StrEnum):
    """The protocol of a URL. OTHER can be used by Celery but not read here."""

    REDIS = "redis"
    REDISS = "rediss"
    SENTINEL = "sentinel"
    AMQP = "amqp"
    AMQPS = "amqps"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    SQLITE = "sqlite"
    OTHER = "other"

    @property
    def is_redis(self) -> bool:
        """True for Redis, also with TLS or Sentinel."""
        return self in {BrokerKind.REDIS, BrokerKind.REDISS, BrokerKind.SENTINEL}

    @property
    def is_amqp(self) -> bool:
        """True for AMQP 0-9-1, also with TLS."""
        return self in {BrokerKind.AMQP, BrokerKind.AMQPS}

    @property
    def is_database(self) -> bool:
        """True for SQL: a result backend, or the application's database, and never a broker."""
        return self in {BrokerKind.POSTGRESQL, BrokerKind.MYSQL, BrokerKind.SQLITE}


_KINDS: Mapping[str, BrokerKind] = {
    "redis": BrokerKind.REDIS,
    "rediss": BrokerKind.REDISS,
    "sentinel": BrokerKind.SENTINEL,
    "amqp": BrokerKind.AMQP,
    "pyamqp": BrokerKind.AMQP,
    "librabbitmq": BrokerKind.AMQP,
    "amqps": BrokerKind.AMQPS,
}
# The dialects of SQLAlchemy, with or without Celery's prefix "db+". The prefix "sqla+" is a broker of kombu.
_DIALECTS: Mapping[str, BrokerKind] = {
    "postgresql": BrokerKind.POSTGRESQL,
    "postgres": BrokerKind.POSTGRESQL,
    "mysql": BrokerKind.MYSQL,
    "mariadb": BrokerKind.MYSQL,
    "sqlite": BrokerKind.SQLITE,
}
_PORTS: Mapping[BrokerKind, int] = {
    BrokerKind.REDIS: 6379,
    BrokerKind.REDISS: 6379,
    BrokerKind.SENTINEL: 26379,
    BrokerKind.AMQP: 5672,
    BrokerKind.AMQPS: 5671,
    BrokerKind.POSTGRESQL: 5432,
    BrokerKind.MYSQL: 3306,
}
_MANAGEMENT_PORTS = {"http": 15672, "https": 15671}
# Result backends that Celery knows by name, without an address.
_NAMED_BACKENDS = frozenset({"rpc", "cache", "disabled", "django-db", "django-cache"})


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """The parts of one URL. ``database`` is set for Redis, ``vhost`` for AMQP.

    ``database_name`` is set for SQL; for SQLite it is the path of the file, empty for a database in memory.
    ``path`` is set for a management API behind a proxy.

    ``host`` is empty and ``port`` None where the kind has none. ``alternates`` are the failover URLs after
    the first; for Sentinel they are the other Sentinels.
    """

    kind: BrokerKind
    scheme: str
    host: str
    port: int | None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int | None = None
    vhost: str | None = None
    database_name: str | None = None
    path: str = ""
    tls: bool = False
    query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    alternates: tuple["BrokerUrl", ...] = ()

    @property
    def address(self) -> str:
        """The URL without credentials and query, for messages and status."""
        if not self.host:
            return self._address_without_host
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        path = ""
        if self.database is not None:
            path = f"/{self.database}"
        elif self.vhost is not None:
            path = f"/{self.vhost.removeprefix('/')}"
        elif self.database_name or self.path:
            path = f"/{self.database_name or self.path}"
        return f"{self.scheme}://{host}{port}{path}"

    @property
    def _address_without_host(self) -> str:
        if self.scheme in _NAMED_BACKENDS:
            return self.scheme
        return f"{self.scheme}://" + (f"/{self.database_name}" if self.database_name else "")


def redact(text: str) -> str:
    """The text with user, password and secret query parameters of every URL in it replaced by ``***``."""
    masked = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
    return _SECRET_PARAMETER.sub(rf"\g<name>{MASK}", masked)


def parse(url: str) -> BrokerUrl:
    """Parse the URL of a broker or result backend.

    Raises:
        UrlError: the text is not such a URL.
    """
    texts = [part.strip() for part in _failover_urls(url) if part.strip()]
    if not texts:
        raise UrlError(f"The URL is empty: write {_EXAMPLES}.")
    first, *others = (_parse_one(text) for text in texts)
    if not others:
        return first
    return replace(first, alternates=tuple(others))


def parse_management(url: str) -> BrokerUrl:
    """Parse the URL of RabbitMQ's management API: ``http[s]://[user:password@]HOST[:15672][/prefix]``.

    Raises:
        UrlError: the text is not such a URL.
    """
    scheme, _, rest = url.strip().partition("://")
    parts = _split(scheme, rest) if scheme.lower() in _MANAGEMENT_PORTS else None
    if parts is None or not parts.hostname or "@" in parts.path:
        raise UrlError(
            "The URL of the management API cannot be read: write http://HOST:15672 or https://HOST:15671, "
            "and percent-encode '/', '?', '#' and '@' in the password (%2F, %3F, %23, %40)."
        )
    return BrokerUrl(
        kind=BrokerKind.OTHER,
        scheme=scheme.lower(),
        host=unquote(parts.hostname),
        port=parts.port or _MANAGEMENT_PORTS[scheme.lower()],
        username=_decoded(parts.username),
        password=_decoded(parts.password),
        path=parts.path.strip("/"),
        tls=scheme.lower() == "https",
        query=MappingProxyType(dict(parse_qsl(parts.query))),
    )


def _failover_urls(url: str) -> list[str]:
    """Only brokers have failover URLs. In the URL of a database ``;`` has no meaning."""
    scheme = url.strip().partition("://")[0]
    return [url] if _kind_of(scheme).is_database else url.split(";")


def _kind_of(scheme: str) -> BrokerKind:
    kind = _KINDS.get(scheme.lower(), BrokerKind.OTHER)
    return _DIALECTS.get(sql_urls.dialect(scheme), kind) if kind is BrokerKind.OTHER else kind


def _parse_one(text: str) -> BrokerUrl:
    scheme, separator, rest = text.partition("://")
    if not separator:
        if text in _NAMED_BACKENDS:
            return BrokerUrl(kind=BrokerKind.OTHER, scheme=text, host="", port=None)
        raise UrlError(f"The URL has no scheme: write {_EXAMPLES}.")
    if not _SCHEME.match(scheme):
        raise UrlError(f"The URL does not begin with a scheme: write {_EXAMPLES}.")
    kind = _kind_of(scheme)
    if kind.is_database:
        return _of_database(kind, scheme.lower(), rest)
    if kind is BrokerKind.OTHER:
        # The rest may be anything: a path, a table, an account key.
        return BrokerUrl(kind=kind, scheme=scheme, host="", port=None)
    return _known(kind, scheme.lower(), rest)


def _known(kind: BrokerKind, scheme: str, rest: str) -> BrokerUrl:
    parts = _split(scheme, rest)
    query = dict(parse_qsl(parts.query))
    path = query.get("virtual_host", unquote(parts.path.removeprefix("/")))
    # Without a host kombu connects to 127.0.0.1 (Redis) or localhost (AMQP).
    return BrokerUrl(
        kind=kind,
        scheme=scheme,
        host=unquote(parts.hostname or "") or "localhost",
        port=parts.port or _PORTS[kind],
        username=_decoded(parts.username),
        password=_decoded(parts.password),
        database=_database(scheme, path, parts) if kind.is_redis else None,
        vhost=(path or "/") if kind.is_amqp else None,
        tls=kind in {BrokerKind.REDISS, BrokerKind.AMQPS},
        query=MappingProxyType(query),
    )


def _split(scheme: str, rest: str) -> SplitResult:
    """The parts after the scheme. The port is a number."""
    try:
        # With http, as kombu does, because urlsplit treats some schemes specially.
        parts = urlsplit(f"http://{rest}")
        _ = parts.port
    except ValueError:
        # "from None", because urlsplit quotes the text, which may contain the password.
        raise UrlError(
            f"The {scheme} URL has no readable host and port: write {scheme}://HOST:PORT, and "
            "percent-encode '/', '?', '#', '@' and ':' in the password (%2F, %3F, %23, %40, %3A)."
        ) from None
    return parts


def _of_database(kind: BrokerKind, scheme: str, rest: str) -> BrokerUrl:
    parts = sql_urls.split(rest)
    if kind is BrokerKind.SQLITE:
        if parts is None or parts.host or parts.username:
            raise UrlError(
                f"The {scheme} URL names no file: write {scheme}:////ABSOLUTE/PATH or {scheme}:///RELATIVE/PATH."
            )
        return BrokerUrl(kind=kind, scheme=scheme, host="", port=None, database_name=parts.database)
    if parts is None:
        raise UrlError(
            f"The {scheme} URL has no readable host and port: write {scheme}://HOST:PORT/DATABASE, and "
            "percent-encode '@' and ':' in the user and '@' in the password (%40, %3A)."
        )
    if parts.several_hosts:
        return BrokerUrl(kind=BrokerKind.OTHER, scheme=scheme, host="", port=None)
    return BrokerUrl(
        kind=kind,
        scheme=scheme,
        host=parts.host or "localhost",
        port=parts.port or _PORTS[kind],
        username=parts.username,
        password=parts.password,
        database_name=parts.database,
        query=MappingProxyType(parts.query),
    )


def _decoded(text: str | None) -> str | None:
    return unquote(text) if text else None


def _database(scheme: str, path: str, parts: SplitResult) -> int:
    number = path.removeprefix("/") or "0"
    if number.isascii() and number.isdigit():
        return int(number)
    # An unescaped "/", "?" or "#" in the password ends the host early, and the "path" contains the rest of
    # it.
    shown = "" if "@" in parts.path + parts.query + parts.fragment else f" {redact(path)!r}"
    raise UrlError(
        f"The database{shown} of the {scheme} URL is not a number: write {scheme}://HOST:PORT/0, and "
        "percent-encode '/', '?', '#' and '@' in the password (%2F, %3F, %23, %40)."
    )
