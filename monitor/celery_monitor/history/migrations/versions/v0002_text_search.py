"""Search for text in arguments, errors and results, by trigrams.

PostgreSQL's index needs an extension, which may be permitted later: ``text_index`` creates it at each start.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_EMPTY = "('', '()', '[]', '{}', 'None')"


def upgrade() -> None:
    """Create the index of SQLite and fill it."""
    if op.get_bind().dialect.name != "sqlite":
        return
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
