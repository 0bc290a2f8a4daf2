"""A history on a real SQLite file and on a real PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from tools.testbed.databases import PostgresServer, postgres_server

from celery_monitor.history import History, HistoryOptions


@pytest.fixture(scope="package")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database. The tables are in a schema of the test, see ``schema``."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/history.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def english_url(postgres: PostgresServer) -> str:
    """The URL of a database that sorts texts as English does: ``a-1``, ``A1``, ``b``."""
    with psycopg.connect(postgres.database(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS english WITH (FORCE)")
        connection.execute(
            "CREATE DATABASE english TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' "
            "LOCALE 'C' ENCODING 'UTF8'"
        )
    return postgres.database("english")


@pytest.fixture
def options(tmp_path: Path) -> HistoryOptions:
    return HistoryOptions(
        schema="test_" + "".join(sign for sign in str(tmp_path).lower() if sign.isalnum())[-50:]
    )


@pytest.fixture
async def history(database_url: str, options: HistoryOptions) -> AsyncIterator[History]:
    opened = await History.open(database_url, options)
    yield opened
    await opened.close()
