"""Parses the URLs of brokers and result backends as kombu and Celery do.

``parse`` follows ``kombu.utils.url.url_to_parts``: user, password, host and path are percent-encoded, a
``virtual_host`` in the query takes precedence over the path, and ``;`` separates failover URLs. Database URLs
are parsed as SQLAlchemy does. A URL with an unescaped "@" behind the host is refused: what appears as its
host or path may be a part of the password.
"""

import re
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from celery_health import sql_urls
from celery_health.broker_url import (
    DIALECTS,
    DJANGO_DIALECTS,
    KINDS,
    MANAGEMENT_PORTS,
    PORTS,
    BrokerKind,
    BrokerUrl,
)

__all__ = [
    "BrokerKind",
    "BrokerUrl",
    "UrlError",
    "parse",
    "parse_management",
    "parse_result_backend",
]

_EXAMPLES = "redis://HOST:6379/0, rediss://, sentinel://, amqp://HOST:5672/VHOST or amqps://"

_NAME = re.compile(r"[A-Za-z_][\w.+-]*(:[A-Za-z_]\w*)?\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")


class UrlError(ValueError):
    """The text is not the URL of a broker or result backend. The message says what to write instead."""


# kombu's scheme of a Redis on a Unix socket.
_SOCKET = "redis+socket"
# $HOST, ${HOST}, {{ host }}, <host>, %HOST%: placeholders that a shell or a template should have replaced.
# In a host any of these characters shows one. A password may have them, so there only the whole form does.
_IN_HOST = re.compile(r"[$<>{}%]")
_WHOLE = re.compile(r"\$\{\w+\}|\$\(\w+\)|\{\{.*\}\}|<[A-Z][A-Z_ -]*>", re.ASCII)
# Only a password may have this form.
_VARIABLE = re.compile(r"\$[A-Z][A-Z0-9_]*", re.ASCII)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def parse(url: str) -> BrokerUrl:
    """Parse the URL of a broker or result backend.

    Raises:
        UrlError: the text is not such a URL.
    """
    texts = [part.strip() for part in _failover_urls(url) if part.strip()]
    if not texts:
        raise UrlError(f"The URL is empty: write {_EXAMPLES}.")
    if any("://" not in text for text in texts[1:]):
        raise UrlError(
            "After ';' in the URL there is no other URL: write one with its scheme, or percent-encode ';' in "
            "the password (%3B)."
        )
    first, *others = (_with_host_name(_without_control_characters(_parse_one(text))) for text in texts)
    if not others:
        return first
    return replace(first, alternates=tuple(_with_tls_of(first, one) for one in others))


def _with_tls_of(first: BrokerUrl, other: BrokerUrl) -> BrokerUrl:
    """A failover URL of Redis without options of TLS has those of the first URL, as in kombu."""
    options = {name: value for name, value in first.query.items() if name.startswith("ssl_")}
    has_own = any(name.startswith("ssl_") for name in other.query)
    if not options or has_own or other.kind not in {BrokerKind.REDIS, BrokerKind.REDISS} or not other.host:
        return other
    query = MappingProxyType({**other.query, **options})
    return replace(other, kind=BrokerKind.REDISS, scheme="rediss", tls=True, query=query)


def parse_result_backend(text: str) -> BrokerUrl:
    """Parse what Celery takes for ``result_backend``: a URL, the name of a backend, or the path of a class.

    Raises:
        UrlError: the text is neither.
    """
    if "://" in text or not _NAME.match(text.strip()):
        return parse(text)
    return BrokerUrl(kind=BrokerKind.OTHER, scheme=text.strip(), host="", port=None, named=True)


def parse_management(url: str) -> BrokerUrl:
    """Parse the URL of RabbitMQ's management API: ``http[s]://[user:password@]HOST[:15672][/prefix]``.

    Raises:
        UrlError: the text is not such a URL.
    """
    scheme, _, rest = url.strip().partition("://")
    parts = _split(scheme, rest) if scheme.lower() in MANAGEMENT_PORTS else None
    if parts is None or not parts.hostname:
        raise UrlError(
            "The URL of the management API cannot be read: write http://HOST:15672 or https://HOST:15671, "
            "and percent-encode '/', '?', '#' and '@' in the password (%2F, %3F, %23, %40)."
        )
    found = BrokerUrl(
        kind=BrokerKind.OTHER,
        scheme=scheme.lower(),
        host=unquote(parts.hostname),
        port=parts.port or MANAGEMENT_PORTS[scheme.lower()],
        username=_decoded(parts.username),
        password=_decoded(parts.password),
        path=parts.path.strip("/"),
        tls=scheme.lower() == "https",
        query=MappingProxyType(dict(parse_qsl(parts.query))),
    )
    return _with_host_name(_without_control_characters(found))


def _failover_urls(url: str) -> list[str]:
    """Only brokers have failover URLs. In the URL of a database ``;`` has no meaning."""
    scheme = url.strip().partition("://")[0]
    return [url] if _kind_of(scheme).is_database else url.split(";")


def _kind_of(scheme: str) -> BrokerKind:
    kind = KINDS.get(scheme.lower(), BrokerKind.OTHER)
    dialect = sql_urls.dialect(scheme)
    return DIALECTS.get(dialect) or DJANGO_DIALECTS.get(dialect, kind) if kind is BrokerKind.OTHER else kind


def _parse_one(text: str) -> BrokerUrl:
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise UrlError(f"The URL has no scheme: write {_EXAMPLES}.")
    if not _SCHEME.match(scheme):
        raise UrlError(f"The URL does not begin with a scheme: write {_EXAMPLES}.")
    kind = _kind_of(scheme)
    if kind.is_database:
        return _without_placeholder(_of_database(kind, scheme.lower(), rest), rest)
    if scheme.lower() == _SOCKET:
        return _without_placeholder(_of_socket(rest), rest)
    if kind is BrokerKind.OTHER:
        # The rest may be anything: a path, a table, an account key.
        return _without_placeholder(BrokerUrl(kind=kind, scheme=scheme, host="", port=None), rest)
    return _without_placeholder(_known(kind, scheme.lower(), rest), rest)


def _known(kind: BrokerKind, scheme: str, rest: str) -> BrokerUrl:
    parts = _split(scheme, rest)
    query = dict(parse_qsl(parts.query))
    path = query.get("virtual_host", unquote(parts.path.removeprefix("/")))
    # Without a host kombu connects to 127.0.0.1 (Redis) or localhost (AMQP).
    return BrokerUrl(
        kind=kind,
        scheme=scheme,
        host=unquote(parts.hostname or "") or "localhost",
        port=parts.port or PORTS[kind],
        username=_decoded(parts.username),
        password=_decoded(parts.password),
        database=_database(path, f"{scheme}://HOST:PORT/0") if kind.is_redis else None,
        vhost=(path or "/") if kind.is_amqp else None,
        tls=kind in {BrokerKind.REDISS, BrokerKind.AMQPS},
        query=MappingProxyType(query),
        master_name=query.get("master_name") if kind is BrokerKind.SENTINEL else None,
        login_method=query.get("login_method") if kind.is_amqp else None,
    )


def _of_socket(rest: str) -> BrokerUrl:
    """``redis+socket://[:PASSWORD@]/PATH?virtual_host=DB``, as kombu reads it."""
    parts = _split(_SOCKET, rest)
    query = dict(parse_qsl(parts.query))
    if len(parts.path) < 2:
        raise UrlError(f"The {_SOCKET} URL names no file: write {_SOCKET}:///ABSOLUTE/PATH?virtual_host=0.")
    return BrokerUrl(
        kind=BrokerKind.REDIS,
        scheme=_SOCKET,
        host="",
        port=None,
        username=_decoded(parts.username),
        password=_decoded(parts.password),
        database=_database(query.get("virtual_host", ""), f"{_SOCKET}:///ABSOLUTE/PATH?virtual_host=0"),
        path=unquote(parts.path),
        query=MappingProxyType(query),
    )


def _without_placeholder(url: BrokerUrl, rest: str) -> BrokerUrl:
    """The URL itself. A placeholder in it would be asked for as a host, or sent as a password."""
    found = [url.host] if ":" not in url.host and _IN_HOST.search(url.host) else []
    names = [part for part in (url.username, url.vhost, url.database_name) if part]
    parts = re.split("[:/@?&]", rest) if url.kind is BrokerKind.OTHER else [*names, url.password or ""]
    found += [part for part in names if _VARIABLE.fullmatch(part)]
    found += [part for part in parts if _WHOLE.fullmatch(part)]
    if not found:
        return url
    # As it is written: a host has lost its capital letters.
    at = rest.lower().rfind(found[0].lower())
    written = found[0] if at < 0 else rest[at : at + len(found[0])]
    raise UrlError(f"{written!r} in the {url.scheme} URL is a placeholder: replace it with its value.")


def _without_control_characters(url: BrokerUrl) -> BrokerUrl:
    """The URL itself. A line break could end a command and begin another, in the protocol of any server."""
    parts = {
        "host": (url.host,),
        "user": (url.username,),
        "password": (url.password,),
        "path": (url.vhost, url.database_name, url.path),
        "query": (*url.query, *url.query.values()),
    }
    for name, values in parts.items():
        if any(_CONTROL.search(value) for value in values if value):
            raise UrlError(
                f"The {name} of the {url.scheme} URL contains a control character, such as a line break "
                "(%0A): remove it."
            )
    return url


def _with_host_name(url: BrokerUrl) -> BrokerUrl:
    """The URL itself. Python raises an error of its own when it has to resolve any other host."""
    try:
        url.host.encode("idna")
    except UnicodeError:
        raise UrlError(
            f"{url.host[:80]!r} in the {url.scheme} URL is no host name: a part between two dots is empty, "
            "longer than 63 characters or has characters that no host name may have."
        ) from None
    return url


def _split(scheme: str, rest: str) -> SplitResult:
    """The parts after the scheme. The port is a number."""
    try:
        # With http, as kombu does, because urlsplit treats some schemes specially.
        parts = urlsplit(f"http://{rest}")
        _ = parts.port
    except ValueError:
        # "from None", because urlsplit quotes the text, which may contain the password.
        raise _unreadable(scheme) from None
    # An unescaped "/", "?" or "#" in the password ends the host early, and the rest contains its "@".
    if "@" in parts.path + parts.query + parts.fragment:
        raise _unreadable(scheme)
    return parts


def _unreadable(scheme: str) -> UrlError:
    return UrlError(
        f"The {scheme} URL has no readable host and port: write {scheme}://HOST:PORT, and percent-encode "
        "'/', '?', '#', '@' and ':' in the password, and '@' behind the host (%2F, %3F, %23, %40, %3A)."
    )


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
        port=parts.port or PORTS[kind],
        username=parts.username,
        password=parts.password,
        database_name=parts.database,
        query=MappingProxyType(parts.query),
    )


def _decoded(text: str | None) -> str | None:
    return unquote(text) if text else None


def _database(path: str, example: str) -> int:
    number = path.removeprefix("/") or "0"
    if number.isascii() and number.isdigit():
        return int(number)
    raise UrlError(f"The database of the {example.partition(':')[0]} URL is not a number: write {example}.")
