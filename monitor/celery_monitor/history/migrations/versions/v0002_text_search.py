"""Search for text in arguments, errors and results, by trigrams."""

from alembic import context, op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"

_EMPTY = "('', '()', '[]', '{}', 'None')"


def upgrade() -> None:
    """Create the index and fill it. Without permission for pg_trgm, searches are slower but work."""
    if op.get_bind().dialect.name == "sqlite":
        # Without a copy of the texts, and without positions: a hit is compared with the task itself.
        op.execute(
            "CREATE VIRTUAL TABLE task_texts USING fts5"
            "(text, content='', detail=none, columnsize=0, tokenize='trigram')"
        )
        parts = " || ".join(
            f"CASE WHEN {name} IS NULL OR {name} IN {_EMPTY} THEN '' ELSE {name} || char(10) END"
            for name in ("args", "kwargs", "exception", "result")
        )
        op.execute(
            f"INSERT INTO task_texts (rowid, text) SELECT id, char(10) || {parts} FROM job_executions "
            f"WHERE {parts} <> ''"
        )
        return
    schema = context.config.attributes["schema"]
    bind = op.get_bind()
    try:
        with bind.begin_nested():
            bind.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except Exception:
        return
    extension = bind.scalar(
        text(
            "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
            "WHERE extname = 'pg_trgm'"
        )
    )
    op.execute(
        f'CREATE INDEX job_executions_texts ON "{schema}".job_executions USING gin '
        f"((coalesce(args, '') || chr(10) || coalesce(kwargs, '') || chr(10) || coalesce(exception, '') "
        f"|| chr(10) || coalesce(result, '')) {extension}.gin_trgm_ops)"
    )
