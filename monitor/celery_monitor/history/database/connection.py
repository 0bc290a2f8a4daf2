"""Connections: one that writes, a few that read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from celery_monitor.history.database.address import Address
from celery_monitor.history.database.session import (
    AwayError,
    DriverError,
    PostgresSession,
    Session,
    SqliteSession,
)
from celery_monitor.history.errors import HistoryUnavailableError

READERS = 3
QUERY_SECONDS = 15
POOL_SECONDS = 10
"""How long a query waits for a free connection."""
# Pages that change in every batch are copied into the file once for many batches.
_WAL = ("PRAGMA wal_autocheckpoint = 10000", "PRAGMA journal_size_limit = 67108864")
_WRITE_SECONDS = 60
# Any number that is the same in every monitor: the lock that one writer at a time has on PostgreSQL.
_WRITER_LOCK = 0x63656C65727901


class Database:
    """One database with its connections. ``prefix`` stands before the names of tables."""

    def __init__(self, address: Address):
        self.address = address
        self.prefix = address.prefix
        self.is_sqlite = address.file is not None
        self.away: str | None = None
        """Why there are no tables to use yet, as a sentence without its full stop."""
        self._writer = self._engine(1)
        self._readers = self._engine(READERS)

    async def close(self) -> None:
        """Close every connection."""
        await self._readers.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Session]:
        """A transaction in which no other monitor writes. An error undoes it.

        Raises HistoryUnavailableError while there are no tables.
        """
        if self.away is not None:
            raise HistoryUnavailableError(self.away)
        async with self._connection(self._writer) as driver:
            try:
                # Within the block that undoes: a cancelled BEGIN is carried out all the same.
                if self.is_sqlite:
                    session: Session = SqliteSession(driver)
                    await driver.execute("BEGIN IMMEDIATE")
                else:
                    session = PostgresSession(driver)
                    await session.rows("SELECT pg_advisory_xact_lock(?)", [_WRITER_LOCK])
                yield session
                await driver.commit()
            except BaseException:
                await _undo(driver)
                raise

    async def shrink(self, pages: int) -> None:
        """Give up to this number of freed pages of an SQLite file back to the file system."""
        async with self._connection(self._writer) as driver:
            await driver.execute_fetchall(f"PRAGMA incremental_vacuum({pages})")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """A consistent view of the database. Raises HistoryUnavailableError."""
        if self.away is not None:
            raise HistoryUnavailableError(self.away)
        try:
            async with self._connection(self._readers) as driver:
                if self.is_sqlite:
                    try:
                        await driver.execute("BEGIN")
                        async with asyncio.timeout(QUERY_SECONDS):
                            yield SqliteSession(driver)
                    except TimeoutError:
                        await driver.interrupt()
                        raise HistoryUnavailableError(
                            f"The query took longer than {QUERY_SECONDS} s and was ended: narrow the filter"
                        ) from None
                    finally:
                        await _undo(driver)
                else:
                    yield PostgresSession(driver)
        except AwayError as error:
            raise HistoryUnavailableError(f"The history cannot be read now: {cause(error)}") from error

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[Any]:
        connection: AsyncConnection
        async with engine.connect() as connection:
            raw = await connection.get_raw_connection()
            try:
                yield raw.driver_connection
            except DriverError:
                # The pool would give a broken connection to the next query.
                await _close(raw.driver_connection)
                await connection.invalidate()
                raise

    def _engine(self, connections: int) -> AsyncEngine:
        arguments: dict[str, Any] = {"isolation_level": None, "timeout": 5.0}
        if not self.is_sqlite:
            arguments = {"connect_timeout": 5, "application_name": "celery-monitor"}
        engine = create_async_engine(
            self.address.url,
            connect_args=arguments,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            # After a restart of the server, no query meets a connection of before.
            pool_pre_ping=not self.is_sqlite,
            pool_reset_on_return=None if self.is_sqlite else "rollback",
        )
        writes = connections == 1
        settings = _sqlite_settings(writes) if self.is_sqlite else _postgres_settings(writes)

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _record: object) -> None:
            cursor = connection.cursor()
            for setting in settings:
                cursor.execute(setting)
            cursor.close()
            if not self.is_sqlite:
                connection.commit()

        return engine


def cause(error: BaseException) -> str:
    """The first line of what the database said. Drivers put no password there."""
    original = getattr(error, "orig", None) or error
    return (str(original).strip().splitlines() or [type(original).__name__])[0][:300].rstrip(".")


def _sqlite_settings(writes: bool) -> list[str]:
    settings = ["PRAGMA synchronous = NORMAL", "PRAGMA temp_store = MEMORY", "PRAGMA busy_timeout = 5000"]
    if writes:
        # Freed pages go back to the file system a few at a time, when old tasks are deleted.
        settings = ["PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL", *settings]
        return [*settings, "PRAGMA cache_size = -16000", *_WAL]
    return [*settings, "PRAGMA cache_size = -4000", "PRAGMA query_only = 1"]


def _postgres_settings(writes: bool) -> list[str]:
    if writes:
        # A monitor that stops in mid-transaction must not keep the others from writing.
        return [
            f"SET lock_timeout = '{_WRITE_SECONDS}s'",
            f"SET statement_timeout = '{_WRITE_SECONDS}s'",
            "SET idle_in_transaction_session_timeout = '15s'",
        ]
    return [
        f"SET statement_timeout = '{QUERY_SECONDS}s'",
        "SET default_transaction_read_only = on",
        "SET default_transaction_isolation = 'repeatable read'",
    ]


async def _close(driver: Any) -> None:
    with suppress(*DriverError):
        await driver.close()


async def _undo(driver: Any) -> None:
    # Without a connection there is no transaction either.
    with suppress(*DriverError):
        await driver.rollback()
