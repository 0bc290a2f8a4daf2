"""Which database a URL names."""

import re
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from celery_monitor.history.errors import HistoryError

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_FORMS = "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


class Address(NamedTuple):
    """A database. ``file`` is set for SQLite, ``schema`` for PostgreSQL."""

    url: URL
    file: Path | None
    schema: str | None

    @property
    def shown(self) -> str:
        """The address for messages, without the password and the query."""
        return str(self.file) if self.file else self.url.set(query={}).render_as_string(hide_password=True)

    @property
    def prefix(self) -> str:
        """What stands before the name of a table in a statement."""
        return f'"{self.schema}".' if self.schema else ""


def parse_address(url: str, schema: str = "automation") -> Address:
    """The database that the URL names. Raises HistoryError, without the URL's content in its message."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError, TypeError):
        raise HistoryError(f"The database URL cannot be read: {_FORMS}") from None
    dialect = parts.drivername.partition("+")[0]
    if dialect == "sqlite":
        if not parts.database or parts.database == ":memory:":
            raise HistoryError(f"The database URL names no file: {_FORMS}")
        file = Path(parts.database).expanduser().absolute()
        return Address(URL.create("sqlite+aiosqlite", database=str(file)), file, None)
    if dialect in ("postgresql", "postgres"):
        if not parts.database:
            raise HistoryError(f"The database URL names no database: {_FORMS}")
        if not _SCHEMA.fullmatch(schema):
            raise HistoryError(
                "The name of the schema cannot be used: write lower-case letters, digits and _"
            )
        return Address(parts.set(drivername="postgresql+psycopg"), None, schema)
    raise HistoryError(f"The database URL names neither SQLite nor PostgreSQL: {_FORMS}")
