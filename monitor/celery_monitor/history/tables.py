"""The tables of the newest revision, as SQLAlchemy Core sees them. ``migrations`` creates them.

On PostgreSQL they are in the configured schema (by ``schema_translate_map``); SQLite has none.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData()

_KEY = Text().with_variant(Text(collation="C"), "postgresql")
"""A text that is compared or sorted: by its bytes, as SQLite does, not by the locale of the database."""

# Texts that repeat in many tasks: names, states, workers, queues, errors, routes. ``tasks`` counts the tasks
# that have the label now.
labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("text", _KEY, nullable=False),
    Column("tasks", BigInteger, nullable=False, server_default="0"),
)

_ROW_ID = BigInteger().with_variant(Integer, "sqlite")

job_executions = Table(
    "job_executions",
    metadata,
    Column("id", _ROW_ID, Identity(), primary_key=True),
    Column("execution_id", _KEY, nullable=False),
    Column("at", Double, nullable=False),
    Column("state_id", Integer, nullable=False),
    Column("name_id", Integer),
    Column("worker_id", Integer),
    Column("queue_id", Integer),
    Column("error_id", Integer),
    Column("sender_id", Integer),
    Column("exchange_id", Integer),
    Column("routing_key_id", Integer),
    Column("sent", Double),
    Column("received", Double),
    Column("started", Double),
    Column("finished", Double),
    Column("runtime", Double),
    Column("wait", Double),
    Column("state_time", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("eta", Double),
    Column("expires", Double),
    Column("clock", BigInteger, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("priority", Integer),
    # 1: arguments truncated; 2: runs are in the table runs, otherwise the only run is in this row; 4: the
    # task is its own root; 8: an earlier row of the task was deleted, and its receipt is counted already.
    Column("flags", SmallInteger, nullable=False),
    Column("run_count", Integer, nullable=False),
    Column("run_twice", SmallInteger),
    # NULL where the task is its own root.
    Column("root_id", _KEY),
    Column("parent_id", _KEY),
    Column("group_id", _KEY),
    Column("args", Text),
    Column("kwargs", Text),
    Column("exception", Text),
    Column("result", Text),
    Column("progress", Text),
    Column("traceback", Text),
    Column("reason", Text),
)

runs = Table(
    "runs",
    metadata,
    Column("execution_id", _KEY, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("outcome", Text),
    Column("received", Double),
    Column("started", Double),
    Column("finished", Double),
    Column("runtime", Double),
    Column("retries", Integer, nullable=False),
    Column("exception", Text),
    Column("traceback", Text),
    Column("reason", Text),
)

# Tasks that were deleted although events of them may still come. updated: as it was in job_executions.
deleted_tasks = Table(
    "deleted_tasks",
    metadata,
    Column("id", _ROW_ID, Identity(), primary_key=True),
    Column("execution_id", _KEY, nullable=False),
    Column("updated", Double, nullable=False),
)

# level: which of name, queue and worker are set (the others are 0); see rollups.levels.
task_rollups = Table(
    "task_rollups",
    metadata,
    Column("level", SmallInteger, primary_key=True),
    Column("seconds", Integer, primary_key=True),
    Column("name_id", Integer, primary_key=True),
    Column("queue_id", Integer, primary_key=True),
    Column("worker_id", Integer, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("succeeded", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("retried", BigInteger, nullable=False),
    Column("revoked", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Column("other", BigInteger, nullable=False),
    Column("runtime", LargeBinary, nullable=False),
    Column("wait", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

queue_samples = Table(
    "queue_samples",
    metadata,
    Column("queue", _KEY, primary_key=True),
    Column("at", Double, primary_key=True),
    Column("ready", BigInteger),
    Column("unacknowledged", BigInteger),
    Column("consumers", Integer),
    Column("by_priority", Text),
    Column("oldest_wait", Double),
    sqlite_with_rowid=False,
)

worker_samples = Table(
    "worker_samples",
    metadata,
    Column("worker", _KEY, primary_key=True),
    Column("at", Double, primary_key=True),
    Column("online", SmallInteger, nullable=False),
    Column("active", Integer),
    Column("processed", BigInteger),
    Column("missed", BigInteger, nullable=False),
    Column("load", Double),
    Column("clock_skew", Double, nullable=False),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    metadata,
    Column("id", _ROW_ID, Identity(), primary_key=True),
    Column("at", Double, nullable=False),
    Column("identity", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

requested_cancels = Table(
    "requested_cancels",
    metadata,
    Column("execution_id", _KEY, primary_key=True),
    Column("at", Double, nullable=False),
    Column("identity", Text, nullable=False),
    Column("terminate", SmallInteger, nullable=False),
    Column("signal", Text, nullable=False),
    Column("sends", Integer, nullable=False),
    Column("sent", Double),
    Column("problem", Text),
    Column("ended", Double),
    Column("outcome", Text),
)

task_retries = Table(
    "task_retries",
    metadata,
    Column("execution_id", _KEY, primary_key=True),
    Column("retry_of", _KEY, nullable=False),
    Column("at", Double, nullable=False),
    Column("identity", Text, nullable=False),
    Column("sent", Double),
)

bulk_actions = Table(
    "bulk_actions",
    metadata,
    Column("id", _KEY, primary_key=True),
    Column("action", Text, nullable=False),
    Column("filter", Text, nullable=False),
    Column("terminate", SmallInteger, nullable=False),
    Column("signal", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("expires", Double, nullable=False),
    Column("count", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended", Double),
    Column("secret", Text, nullable=False),
)

bulk_items = Table(
    "bulk_items",
    metadata,
    Column("bulk_id", _KEY, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("execution_id", _KEY, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("new_id", _KEY),
    Column("problem", Text),
    sqlite_with_rowid=False,
)

leases = Table(
    "leases",
    metadata,
    Column("duty", _KEY, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires", Double, nullable=False),
)

# labels: the labels as a JSON array of pairs, sorted by name.
alerts = Table(
    "alerts",
    metadata,
    Column("rule", _KEY, primary_key=True),
    Column("labels", _KEY, primary_key=True),
    Column("state", Text, nullable=False),
    Column("began", Double, nullable=False),
    Column("seen", Double, nullable=False),
    Column("value", Double, nullable=False),
    Column("fired", Double),
    Column("ended", Double),
    Column("summary", Text),
    Column("description", Text),
)

alert_messages = Table(
    "alert_messages",
    metadata,
    Column("channel", _KEY, primary_key=True),
    Column("rule", _KEY, primary_key=True),
    Column("labels", _KEY, primary_key=True),
    Column("fired", Double, nullable=False),
    Column("resolved", SmallInteger, nullable=False),
    Column("at", Double, nullable=False),
)

silences = Table(
    "silences",
    metadata,
    Column("id", _KEY, primary_key=True),
    Column("matchers", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("comment", Text, nullable=False),
    Column("identity", Text, nullable=False),
)
