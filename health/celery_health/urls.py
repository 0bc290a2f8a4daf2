"""Parses the URLs of brokers and result backends as kombu and Celery do.

``parse`` follows ``kombu.utils.url.url_to_parts``: user, password, host and path are percent-encoded, a
``virtual_host`` in the query takes precedence over the path, and ``;`` separates failover URLs. Database URLs
are parsed as SQLAlchemy does. A URL with an unescaped "@" behind the host is refused: what appears as its
host or path may be a part of the password.
"""

import re
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from celery_health.broker_url import (
    DIALECTS,
    DJANGO_DIALECTS,
    KINDS,
    MANAGEMENT_PORTS,
    PORTS,
    BrokerKind,
    BrokerUrl,
    UrlError,
)
from celery_health.url_parts import sql_urls
from celery_health.url_parts.checks import checked, is_placeholder, meant_scheme, without_placeholder

__all__ = [
    "BrokerKind",
    "BrokerUrl",
    "UrlError",
    "parse",
    "parse_management",
    "parse_result_backend",
]

_EXAMPLES_OF_RESULTS = "redis://HOST:6379/0, rediss://, sentinel://, rpc:// or db+postgresql://HOST/DATABASE"
_EXAMPLES = "redis://HOST:6379/0, rediss://, sentinel://, amqp://HOST:5672/VHOST or amqps://"

_NAME = re.compile(r"[A-Za-z_][\w.+-]*(:[A-Za-z_]\w*)?\Z")
_DATABASE_AT_END = re.compile(r"/[0-9]+ +\Z")
_QUOTES = frozenset("\"'")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")


# kombu's scheme of a Redis on a Unix socket.
_SOCKET = "redis+socket"


def parse(url: str) -> BrokerUrl:
    """Parse the URL of a broker or result backend.

    Raises:
        UrlError: the text is not such a URL.
    """
    texts = [_without_blanks(part, number) for number, part in enumerate(_failover_urls(url)) if part.strip()]
    if not texts:
        raise UrlError(f"The URL is empty: write {_EXAMPLES}.")
    if any("://" not in text for text in texts[1:]):
        raise UrlError(
            "After ';' in the URL there is no other URL: write one with its scheme, or percent-encode ';' in "
            "the password (%3B)."
        )
    first, *others = (checked(_parse_one(text)) for text in texts)
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
    if "://" not in text and _NAME.match(text.strip()):
        return BrokerUrl(kind=BrokerKind.OTHER, scheme=text.strip(), host="", port=None, named=True)
    scheme, _, rest = text.partition("://")
    kind = _kind_of(scheme)
    if scheme != scheme.lower() and kind is not BrokerKind.OTHER:
        raise UrlError(f"There is no result backend {scheme}: write {scheme.lower()}://.")
    if kind is BrokerKind.SENTINEL:
        return parse(text)
    if kind.is_redis and "://" in rest:
        raise UrlError("Celery takes one URL for a result backend, without ';': remove the others.")
    # Of the others Celery takes one URL. In those that are not read ';' may stand between servers.
    return checked(_with_own_parts(_parse_one(_without_blanks(text, 0), of_results=True)))


def _with_own_parts(url: BrokerUrl) -> BrokerUrl:
    """For a result backend at Redis, parameters of these names replace the parts of the URL."""
    query = url.query if url.kind.is_redis and url.host else {}
    return replace(
        url,
        host=query.get("host", url.host),
        port=int(port) if (port := query.get("port", "")).isdecimal() else url.port,
        username=query.get("username", url.username),
        password=query.get("password", url.password),
        database=int(number) if (number := query.get("db", "")).isdecimal() else url.database,
    )


def _without_blanks(text: str, number: int) -> str:
    """Without the blanks that kombu and Celery ignore. With others they find no transport or server."""
    kind = _kind_of(text.strip().partition("://")[0])
    if kind is BrokerKind.OTHER or kind.is_database:
        return text.strip()
    # Sentinels after the first are read by other code of kombu.
    if text[0].isspace() and not (kind is BrokerKind.SENTINEL and number):
        raise UrlError("The URL begins with a blank: remove it, also after ';'.")
    text = text.strip("\r\n\t")
    if text[-1] == " " and not (kind.is_redis and _DATABASE_AT_END.search(text)):
        raise UrlError("The URL ends with a blank: remove it.")
    return text.strip()


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
    return checked(found)


def _failover_urls(url: str) -> list[str]:
    """Only brokers have failover URLs. In the URL of a database ``;`` has no meaning."""
    scheme = url.strip().partition("://")[0]
    return [url] if _kind_of(scheme).is_database else url.split(";")


def _kind_of(scheme: str) -> BrokerKind:
    kind = KINDS.get(scheme.lower(), BrokerKind.OTHER)
    dialect = sql_urls.dialect(scheme)
    return DIALECTS.get(dialect) or DJANGO_DIALECTS.get(dialect, kind) if kind is BrokerKind.OTHER else kind


def _parse_one(text: str, *, of_results: bool = False) -> BrokerUrl:
    scheme, separator, rest = text.partition("://")
    examples = _EXAMPLES_OF_RESULTS if of_results else _EXAMPLES
    if text[:1] in _QUOTES:
        raise UrlError("The URL stands in quotation marks: remove them. Files for --env-file keep them.")
    if not separator and is_placeholder(text):
        raise UrlError(f"{text!r} is a placeholder: replace it with its value.")
    if not separator:
        meant = meant_scheme(text)
        advice = f"begin it with {meant}" if meant else f"write {examples}"
        raise UrlError(f"The URL has no scheme: {advice}.")
    if not _SCHEME.match(scheme):
        raise UrlError(f"The URL does not begin with a scheme: write {examples}.")
    kind = _kind_of(scheme)
    if kind.is_database:
        return without_placeholder(_of_database(kind, scheme.lower(), rest), rest)
    if scheme.lower() == _SOCKET:
        return without_placeholder(_of_socket(rest), rest)
    if kind is BrokerKind.OTHER:
        # The rest may be anything: a path, a table, an account key.
        return without_placeholder(BrokerUrl(kind=kind, scheme=scheme, host="", port=None), rest)
    return without_placeholder(_known(kind, scheme.lower(), rest, of_results=of_results), rest)


def _known(kind: BrokerKind, scheme: str, rest: str, *, of_results: bool) -> BrokerUrl:
    parts = _split(scheme, rest)
    query = dict(parse_qsl(parts.query))
    if kind.is_amqp and query.pop("ssl", ""):
        kind, scheme = BrokerKind.AMQPS, "amqps"  # for kombu any value is as broker_use_ssl = True
    path = unquote(parts.path.removeprefix("/"))
    if not of_results:
        path = query.get("virtual_host", path)
    # Without a host kombu connects to 127.0.0.1 (Redis) or localhost (AMQP).
    return BrokerUrl(
        kind=kind,
        scheme=scheme,
        host=unquote(parts.hostname or "") or "localhost",
        port=parts.port or PORTS[kind],
        username=_decoded(parts.username),
        password=_decoded(parts.password),
        database=_database(path, f"{scheme}://HOST:PORT/0", of_results=of_results) if kind.is_redis else None,
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


def _database(path: str, example: str, *, of_results: bool = False) -> int:
    # A broker may have a second "/" before the number, and a result backend also one behind it.
    number = path.strip("/") if of_results and path else path.removeprefix("/") or "0"
    with suppress(ValueError):  # Celery reads it with int() as well, which takes "+1" and "1_0"
        if (database := int(number)) >= 0:
            return database
    raise UrlError(f"The database of the {example.partition(':')[0]} URL is not a number: write {example}.")
