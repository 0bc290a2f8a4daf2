"""Tasks that were deleted although events of them may still come."""

import sqlalchemy as sa
from alembic import context, op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table."""
    schema = context.config.attributes["schema"]
    op.create_table(
        "deleted_tasks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
        sa.Column(
            "execution_id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("updated", sa.Double, nullable=False),
        schema=schema,
    )
    op.create_index(
        "deleted_tasks_execution_id", "deleted_tasks", ["execution_id"], unique=True, schema=schema
    )
