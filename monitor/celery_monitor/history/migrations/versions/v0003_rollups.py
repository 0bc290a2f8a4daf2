"""Counts and histograms of runs for each minute and hour. Runs of before this revision are not in them."""

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    counts = ("received", "succeeded", "failed", "retried", "revoked", "rejected", "lost", "other")
    op.create_table(
        "task_rollups",
        sa.Column("level", sa.SmallInteger, primary_key=True),
        sa.Column("seconds", sa.Integer, primary_key=True),
        *(sa.Column(f"{name}_id", sa.Integer, primary_key=True) for name in ("name", "queue", "worker")),
        sa.Column("at", sa.BigInteger, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in counts),
        sa.Column("runtime", sa.LargeBinary, nullable=False),
        sa.Column("wait", sa.LargeBinary, nullable=False),
        schema=context.config.attributes["schema"],
        sqlite_with_rowid=False,
    )
