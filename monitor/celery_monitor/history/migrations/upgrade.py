"""Bring the tables to the newest revision, at the start of the monitor.

Alembic is imported only if there is something to do: it takes memory that the monitor needs once.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from celery_monitor.history.database.address import Address
from celery_monitor.history.database.connection import cause
from celery_monitor.history.errors import HistoryError, HistoryUnavailableError
from celery_monitor.history.migrations.text_index import ensure_text_index

_HERE = Path(__file__).parent
# The lock that one monitor at a time has while it changes tables, on PostgreSQL.
_LOCK = 0x63656C65727902


def newest_revision() -> str:
    """The id of the newest revision of this program."""
    return max(file.name[1:5] for file in (_HERE / "versions").glob("v[0-9]*.py"))


def upgrade(address: Address, revision: str | None = None) -> list[str]:
    """Create or change the tables, up to a revision (default: the newest). Blocks; run it in a thread.

    Gives sentences about what works worse than it could.

    Raises HistoryError: the database is newer than this program, is not a database, or may not be changed.
    """
    driver = "sqlite" if address.file else "postgresql+psycopg"
    arguments: dict[str, Any] = {"timeout": 30} if address.file else {"connect_timeout": 5}
    engine = create_engine(address.url.set(drivername=driver), poolclass=NullPool, connect_args=arguments)
    try:
        with engine.connect() as connection:
            if address.file:
                connection.execute(text("PRAGMA auto_vacuum = INCREMENTAL"))
                connection.execute(text("PRAGMA journal_mode = WAL"))
                connection.commit()
                connection.connection.driver_connection.isolation_level = None  # type: ignore[union-attr]
                connection.execute(text("BEGIN IMMEDIATE"))
            else:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _upgrade(connection, address, revision or newest_revision())
            note = ensure_text_index(connection, address.schema) if address.schema else None
            connection.commit()
            return [note] if note else []
    except DBAPIError as error:
        raise _readable(error, address) from error
    finally:
        engine.dispose()


def _upgrade(connection: Connection, address: Address, target: str) -> None:
    current = _current(connection, address.schema)
    if current is not None and current > newest_revision():
        raise HistoryError(
            f"The database {address.shown} was written by a newer celery-monitor (revision {current}, this "
            f"one knows {newest_revision()}): install that version again, or use another database"
        )
    if current is not None and current >= target:
        return
    if address.schema and address.schema not in inspect(connection).get_schema_names():
        connection.execute(text(f'CREATE SCHEMA "{address.schema}"'))
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes.update(connection=connection, schema=address.schema)
    command.upgrade(config, target)


def _current(connection: Connection, schema: str | None) -> str | None:
    if not inspect(connection).has_table("alembic_version", schema=schema):
        return None
    table = f'"{schema}".alembic_version' if schema else "alembic_version"
    found: str | None = connection.scalar(text(f"SELECT max(version_num) FROM {table}"))
    return found


def _readable(error: DBAPIError, address: Address) -> HistoryError:
    said = cause(error)
    if "not a database" in said:
        return HistoryError(f"The file {address.shown} is not an SQLite database: name another file")
    if "unable to open" in said or "readonly" in said:
        return HistoryError(
            f"The file {address.shown} cannot be written: give this user the right to write in its folder, "
            "or name another file"
        )
    if "permission denied" in said:
        return HistoryError(
            f"The database user may not create tables ({said}): as its owner, run CREATE SCHEMA "
            f'"{address.schema}" AUTHORIZATION "{address.url.username}"'
        )
    return HistoryUnavailableError(f"The database {address.shown} does not answer: {said}")
