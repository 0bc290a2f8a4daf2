"""Tasks with their runs, the labels that repeat in them, samples of queues and workers, the audit."""

import sqlalchemy as sa
from alembic import context, op

revision = "0001"
down_revision = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables and their indexes."""
    schema = context.config.attributes["schema"]
    _tasks(schema)
    _samples(schema)
    op.create_table(
        "audit",
        sa.Column("id", _ROW_ID, sa.Identity(), primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("identity", "role", "action", "subject")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("outcome", "address", "detail")),
        schema=schema,
    )
    op.create_index("audit_at", "audit", ["at"], schema=schema)


def _tasks(schema: str | None) -> None:
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("tasks", sa.BigInteger, nullable=False, server_default="0"),
        schema=schema,
    )
    op.create_index("labels_text", "labels", ["kind", "text"], unique=True, schema=schema)
    label_ids = ("name", "worker", "queue", "error", "sender", "exchange", "routing_key")
    times = ("sent", "received", "started", "finished", "runtime", "wait")
    texts = (
        "root_id",
        "parent_id",
        "group_id",
        "args",
        "kwargs",
        "exception",
        "result",
        "progress",
        "traceback",
    )
    op.create_table(
        "job_executions",
        sa.Column("id", _ROW_ID, sa.Identity(), primary_key=True),
        sa.Column("execution_id", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("state_id", sa.Integer, nullable=False),
        *(sa.Column(f"{name}_id", sa.Integer) for name in label_ids),
        *(sa.Column(name, sa.Double) for name in times),
        sa.Column("state_time", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("eta", sa.Double),
        sa.Column("expires", sa.Double),
        sa.Column("clock", sa.BigInteger, nullable=False),
        sa.Column("retries", sa.Integer, nullable=False),
        sa.Column("priority", sa.Integer),
        sa.Column("flags", sa.SmallInteger, nullable=False),
        sa.Column("run_count", sa.Integer, nullable=False),
        sa.Column("run_twice", sa.SmallInteger),
        *(sa.Column(name, sa.Text) for name in texts),
        schema=schema,
    )
    op.create_table(
        "runs",
        sa.Column("execution_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        *(sa.Column(name, sa.Double) for name in ("received", "started", "finished", "runtime")),
        sa.Column("retries", sa.Integer, nullable=False),
        sa.Column("exception", sa.Text),
        sa.Column("traceback", sa.Text),
        schema=schema,
    )
    _indexes(schema)


def _indexes(schema: str | None) -> None:
    def index(columns: list[str], *, unique: bool = False, where: str = "") -> None:
        condition = sa.text(where) if where else None
        op.create_index(
            f"job_executions_{columns[0]}",
            "job_executions",
            columns,
            unique=unique,
            schema=schema,
            sqlite_where=condition,
            postgresql_where=condition,
        )

    index(["execution_id"], unique=True)
    # Filters on labels are decided from these indexes alone, without reading the rows.
    labels = ["state_id", "name_id", "worker_id", "queue_id"]
    index(["at", "id", *labels])
    for column in labels:
        index([column, "at", "id", *(other for other in labels if other != column)])
    for column in ("runtime", "wait"):
        index([column, "id"], where=f"{column} IS NOT NULL")
    index(["error_id", "at", "id", "state_id"], where="error_id IS NOT NULL")
    index(["retries", "at"], where="retries > 0")
    for column in ("root_id", "parent_id", "run_twice"):
        index([column, "at"], where=f"{column} IS NOT NULL")


def _samples(schema: str | None) -> None:
    op.create_table(
        "queue_samples",
        sa.Column("queue", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, primary_key=True),
        sa.Column("ready", sa.BigInteger),
        sa.Column("unacknowledged", sa.BigInteger),
        sa.Column("consumers", sa.Integer),
        sa.Column("by_priority", sa.Text),
        sa.Column("oldest_wait", sa.Double),
        schema=schema,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "worker_samples",
        sa.Column("worker", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, primary_key=True),
        sa.Column("online", sa.SmallInteger, nullable=False),
        sa.Column("active", sa.Integer),
        sa.Column("processed", sa.BigInteger),
        sa.Column("missed", sa.BigInteger, nullable=False),
        sa.Column("load", sa.Double),
        sa.Column("clock_skew", sa.Double, nullable=False),
        schema=schema,
        sqlite_with_rowid=False,
    )
