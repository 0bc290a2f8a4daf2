"""An index of the words of one or two characters in arguments, which trigrams do not find."""

import sqlalchemy as sa
from alembic import context, op

from celery_monitor.history.rows.short_values import HAS_ARGUMENTS, SHORT_VALUES, short_values

revision = "0009"
down_revision = "0008"

_CHUNK = 5_000


def upgrade() -> None:
    """Create the index, with the tasks that are there."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TABLE short_values (value TEXT NOT NULL, task INTEGER NOT NULL, "
            "PRIMARY KEY (value, task)) WITHOUT ROWID"
        )
        _fill(op.get_bind())
        return
    schema = context.config.attributes["schema"]
    op.execute(
        f'CREATE INDEX job_executions_short_values ON "{schema}".job_executions USING gin (({SHORT_VALUES})) '
        f"WHERE {HAS_ARGUMENTS}"
    )


def _fill(connection: sa.Connection) -> None:
    chunk = sa.text(
        f"SELECT id, args, kwargs FROM job_executions WHERE id > :last AND {HAS_ARGUMENTS} "
        f"ORDER BY id LIMIT {_CHUNK}"
    )
    insert = sa.text("INSERT INTO short_values (value, task) VALUES (:value, :task)")
    last = 0
    while rows := connection.execute(chunk, {"last": last}).all():
        last = rows[-1][0]
        found = [
            {"value": value, "task": number}
            for number, args, kwargs in rows
            for value in short_values(args, kwargs)
        ]
        if found:
            connection.execute(insert, found)
