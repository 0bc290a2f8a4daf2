"""Smaller indexes on PostgreSQL, where rows are read anyway to find out which transaction wrote them."""

from alembic import context, op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the indexes of labels from slots of 8 s, and that of the time without labels."""
    if op.get_bind().dialect.name == "sqlite":
        return
    schema = context.config.attributes["schema"]
    indexes = dict.fromkeys(("state_id", "name_id", "worker_id", "queue_id"), "(floor(at / 8)::bigint)")
    for column, second in {**indexes, "at": "id"}.items():
        name = f"job_executions_{column}"
        op.execute(f'DROP INDEX "{schema}".{name}')
        op.execute(f'CREATE INDEX {name} ON "{schema}".job_executions ({column}, {second})')
