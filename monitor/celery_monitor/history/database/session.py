"""SQL on one connection of either database, past SQLAlchemy's own rows and expressions.

The statements are written with ``?`` for parameters. The hot paths read and write thousands of rows a second,
so they use the drivers' own tuples.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import aiosqlite
import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError

Row = tuple[Any, ...]

# SQLite allows 32,766 parameters in a statement; short statements are found in its cache again.
_IDS_PER_STATEMENT = 500


class Session(Protocol):
    """One connection, inside a transaction."""

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        ...

    async def rows_of(self, sql: str, ids: Sequence[Any]) -> list[Row]:
        """All rows of a query whose condition ends in ``IN ids``, such as ``WHERE execution_id IN ids``."""
        ...

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        ...

    async def execute_of(self, sql: str, ids: Sequence[Any]) -> None:
        """Run a statement whose condition ends in ``IN ids``."""
        ...

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row."""
        ...

    async def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows in the fastest way that the database has."""
        ...


class SqliteSession:
    """A connection of aiosqlite."""

    def __init__(self, driver: aiosqlite.Connection):
        self.driver = driver

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        return list(await self.driver.execute_fetchall(sql, parameters))  # type: ignore[arg-type]

    async def rows_of(self, sql: str, ids: Sequence[Any]) -> list[Row]:
        """All rows of a query whose condition ends in ``IN ids``."""
        found: list[Row] = []
        for statement, part in _in_parts(sql, ids):
            found += await self.rows(statement, part)
        return found

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        cursor = await self.driver.execute(sql, parameters)
        return cursor.rowcount

    async def execute_of(self, sql: str, ids: Sequence[Any]) -> None:
        """Run a statement whose condition ends in ``IN ids``."""
        for statement, part in _in_parts(sql, ids):
            await self.driver.execute(statement, part)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row."""
        await self.driver.executemany(sql, rows)

    async def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows."""
        names, marks = ",".join(columns), ",".join("?" * len(columns))
        await self.driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


class PostgresSession:
    """A connection of psycopg."""

    def __init__(self, driver: psycopg.AsyncConnection[Row]):
        self.driver = driver

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        cursor = await self.driver.execute(_percent(sql), parameters)
        return await cursor.fetchall()

    async def rows_of(self, sql: str, ids: Sequence[Any]) -> list[Row]:
        """All rows of a query whose condition ends in ``IN ids``."""
        return await self.rows(sql.replace("IN ids", "= ANY(?)"), [list(ids)]) if ids else []

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        return (await self.driver.execute(_percent(sql), parameters)).rowcount

    async def execute_of(self, sql: str, ids: Sequence[Any]) -> None:
        """Run a statement whose condition ends in ``IN ids``."""
        if ids:
            await self.execute(sql.replace("IN ids", "= ANY(?)"), [list(ids)])

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row."""
        async with self.driver.cursor() as cursor:
            await cursor.executemany(_percent(sql), rows)

    async def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows."""
        async with (
            self.driver.cursor() as cursor,
            cursor.copy(f"COPY {table} ({','.join(columns)}) FROM STDIN".encode()) as copy,
        ):
            for row in rows:
                await copy.write_row(row)


def _in_parts(sql: str, ids: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    for start in range(0, len(ids), _IDS_PER_STATEMENT):
        part = ids[start : start + _IDS_PER_STATEMENT]
        yield sql.replace("IN ids", f"IN ({','.join('?' * len(part))})"), part


def _percent(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


DriverError = (sqlite3.Error, psycopg.Error)
AwayError = (*DriverError, DBAPIError, NoFreeConnectionError, OSError)
"""The database does not answer now, or all connections to it are in use. Trying again later may work."""
# The faults of a value. Everything else is the fault of the connection, the disk, or another transaction.
_VALUE_ERRORS = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    psycopg.DataError,
    psycopg.IntegrityError,
)


def needs_repeat(error: BaseException) -> bool:
    """Whether the same transaction may succeed later."""
    return not isinstance(error, _VALUE_ERRORS)
