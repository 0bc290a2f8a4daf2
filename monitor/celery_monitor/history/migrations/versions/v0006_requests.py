"""Requested cancels, retries, actions on many tasks, and leases for the duties of one of several monitors."""

import sqlalchemy as sa
from alembic import context, op

revision = "0006"
down_revision = "0005"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    schema = context.config.attributes["schema"]
    op.create_table(
        "requested_cancels",
        sa.Column("execution_id", _KEY, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("terminate", sa.SmallInteger, nullable=False),
        sa.Column("signal", sa.Text, nullable=False),
        sa.Column("sends", sa.Integer, nullable=False),
        sa.Column("sent", sa.Double),
        sa.Column("problem", sa.Text),
        sa.Column("ended", sa.Double),
        sa.Column("outcome", sa.Text),
        schema=schema,
    )
    open_ones = sa.text("ended IS NULL")
    op.create_index(
        "requested_cancels_open",
        "requested_cancels",
        ["at"],
        schema=schema,
        sqlite_where=open_ones,
        postgresql_where=open_ones,
    )
    _retries(schema)
    _bulk(schema)
    op.create_table(
        "leases",
        sa.Column("duty", _KEY, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("expires", sa.Double, nullable=False),
        schema=schema,
    )


def _retries(schema: str | None) -> None:
    op.create_table(
        "task_retries",
        sa.Column("execution_id", _KEY, primary_key=True),
        sa.Column("retry_of", _KEY, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("sent", sa.Double),
        schema=schema,
    )
    op.create_index("task_retries_of", "task_retries", ["retry_of"], schema=schema)


def _bulk(schema: str | None) -> None:
    op.create_table(
        "bulk_actions",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
        sa.Column("terminate", sa.SmallInteger, nullable=False),
        sa.Column("signal", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("expires", sa.Double, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ended", sa.Double),
        sa.Column("secret", sa.Text, nullable=False),
        schema=schema,
    )
    op.create_table(
        "bulk_items",
        sa.Column("bulk_id", _KEY, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("execution_id", _KEY, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("new_id", _KEY),
        sa.Column("problem", sa.Text),
        schema=schema,
        sqlite_with_rowid=False,
    )
