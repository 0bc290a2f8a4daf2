"""Why a task was revoked: it expired, or it was terminated."""

import sqlalchemy as sa
from alembic import context, op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns. They stay empty for the tasks of before."""
    for table in ("job_executions", "runs"):
        op.add_column(table, sa.Column("reason", sa.Text), schema=context.config.attributes["schema"])
