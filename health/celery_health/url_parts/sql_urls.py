"""Parses database URLs as SQLAlchemy does: ``[db+]DIALECT[+DRIVER]://user:password@host:port/database?query``."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

# A password may contain unescaped "/" and "?" but no "@", so the first "@" ends it.
_REST = re.compile(
    r"(?:(?P<username>[^:/]*)(?::(?P<password>[^@]*))?@)?"
    r"(?:\[(?P<ipv6>[^/?]+)\]|(?P<host>[^/:?]+))?"
    r"(?::(?P<port>[^/?]*))?"
    r"(?:/(?P<database>[^?]*))?"
    r"(?:\?(?P<query>.*))?\Z",
    re.DOTALL,
)
_PORT = re.compile(r"[0-9]{0,5}\Z")


@dataclass(frozen=True, slots=True)
class SqlParts:
    """The parts after the scheme. Do not show them: they contain the password."""

    username: str | None
    password: str | None
    host: str
    port: int | None
    database: str
    query: dict[str, str]
    several_hosts: bool


def dialect(scheme: str) -> str:
    """``postgresql`` of ``db+postgresql+psycopg2``."""
    return scheme.lower().removeprefix("db+").partition("+")[0]


def split(rest: str) -> SqlParts | None:
    """The parts of a URL without its scheme; None if it cannot be parsed."""
    found = _REST.match(rest)
    if found is None:
        return None
    host, database = found["ipv6"] or found["host"] or "", found["database"] or ""
    port = found["port"] or ""
    pairs = parse_qsl(found["query"] or "")
    query = dict(pairs)
    several = "," in query.get("host", "") or sum(name == "host" for name, _ in pairs) > 1
    if not host and not several:
        # libpq accepts the host, or the folder of a socket, in the query too.
        host, _, port_of_query = query.get("host", "").partition(":")
        port = port or port_of_query or query.get("port", "")
    # A remaining "@" belongs to an unescaped password, together with the text before it.
    if "@" in host + database + (found["query"] or "") or not (
        port == "" or (port.isascii() and port.isdigit() and int(port) < 65536)
    ):
        return None
    return SqlParts(
        username=_decoded(found["username"]),
        password=_decoded(found["password"]),
        host=host,
        port=int(port) if port else None,
        database=database,
        query=query,
        several_hosts=several,
    )


def _decoded(text: str | None) -> str | None:
    return unquote(text) if text else None
