"""Labels count the tasks of senders, exchanges and routing keys too, so that unused labels can be deleted."""

from alembic import context, op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Count them: one pass over the tasks for each column."""
    schema = context.config.attributes["schema"]
    prefix = f'"{schema}".' if schema else ""
    for column in ("sender_id", "exchange_id", "routing_key_id"):
        op.execute(
            f"UPDATE {prefix}labels SET tasks = counted.number FROM "
            f"(SELECT {column} AS id, count(*) AS number FROM {prefix}job_executions "
            f"WHERE {column} IS NOT NULL GROUP BY {column}) AS counted WHERE labels.id = counted.id"
        )
