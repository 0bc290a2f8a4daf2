"""Transactions in which a request is stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from celery_monitor.history.database.connection import Database, cause
from celery_monitor.history.database.session import AwayError, Session
from celery_monitor.history.errors import HistoryUnavailableError


@asynccontextmanager
async def changing(database: Database) -> AsyncIterator[Session]:
    """A transaction in which no other monitor writes.

    Raises:
        HistoryUnavailableError: the database does not answer, and nothing is stored.
    """
    try:
        async with database.writing() as session:
            yield session
    except AwayError as error:
        raise HistoryUnavailableError(f"The history cannot be written now: {cause(error)}") from error
