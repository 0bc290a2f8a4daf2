"""Alerts, what each channel has delivered of them, and silences."""

import sqlalchemy as sa
from alembic import context, op

revision = "0010"
down_revision = "0009"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    schema = context.config.attributes["schema"]
    op.create_table(
        "alerts",
        sa.Column("rule", _KEY, primary_key=True),
        sa.Column("labels", _KEY, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("began", sa.Double, nullable=False),
        sa.Column("seen", sa.Double, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("fired", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("summary", sa.Text),
        sa.Column("description", sa.Text),
        schema=schema,
    )
    op.create_table(
        "alert_messages",
        sa.Column("channel", _KEY, primary_key=True),
        sa.Column("rule", _KEY, primary_key=True),
        sa.Column("labels", _KEY, primary_key=True),
        sa.Column("fired", sa.Double, nullable=False),
        sa.Column("resolved", sa.SmallInteger, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        schema=schema,
    )
    op.create_table(
        "silences",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("matchers", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        schema=schema,
    )
