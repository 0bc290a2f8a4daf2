"""The index for text search on PostgreSQL, where the extension for trigrams may be created."""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from celery_monitor.history.database.connection import cause
from celery_monitor.history.reading.texts import ALL_TEXTS

_INDEX = "job_executions_texts"


def ensure_text_index(connection: Connection, schema: str) -> str | None:
    """Create the index if it is missing. A sentence if that is not possible: searches are slower then."""
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": f'"{schema}".{_INDEX}'}):
        return None
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            place = connection.scalar(
                text(
                    "SELECT quote_ident(nspname) FROM pg_extension "
                    "JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'"
                )
            )
            connection.execute(
                text(
                    f'CREATE INDEX {_INDEX} ON "{schema}".job_executions '
                    f"USING gin ({ALL_TEXTS} {place}.gin_trgm_ops)"
                )
            )
    except DBAPIError as error:
        return (
            f"The search for text is slow, because the index for it cannot be created ({cause(error)}): as a "
            "superuser, run CREATE EXTENSION pg_trgm in this database, then start the monitor again"
        )
    return None
