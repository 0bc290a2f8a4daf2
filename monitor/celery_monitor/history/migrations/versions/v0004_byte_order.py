"""Ids and texts that are compared and sorted: by their bytes on PostgreSQL too, whatever its locale.

With the order of a locale, a range of ids that begin alike also had ids that do not, and the pages of a list
depended on the database.
"""

from alembic import context, op

revision = "0004"
down_revision = "0003"

_COLUMNS = {
    "labels": ("text",),
    "job_executions": ("execution_id", "root_id", "parent_id", "group_id"),
    "runs": ("execution_id",),
    "queue_samples": ("queue",),
    "worker_samples": ("worker",),
}


def upgrade() -> None:
    """Change the collations. PostgreSQL builds the indexes anew, and does not rewrite the tables."""
    if op.get_bind().dialect.name == "sqlite":
        return  # it compares bytes by itself
    schema = context.config.attributes["schema"]
    for table, columns in _COLUMNS.items():
        changes = ", ".join(f'ALTER COLUMN "{name}" TYPE text COLLATE "C"' for name in columns)
        op.execute(f'ALTER TABLE "{schema}"."{table}" {changes}')
