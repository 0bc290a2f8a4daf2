"""Names that agent, sidecar, operator and the pods that the operator builds agree on."""

from enum import StrEnum

VERSION = 1
"""The version of every document. Readers accept this version only."""

PORT = 9809
"""The sidecar's TCP port, unless ``PORT_VARIABLE`` says otherwise."""

# Paths of the sidecar's HTTP endpoints. GET answers:
STARTUP_PATH = "/startupz"
LIVENESS_PATH = "/livez"
READINESS_PATH = "/readyz"
SIDECAR_HEALTH_PATH = "/healthz"
REPORT_PATH = "/report"
METRICS_PATH = "/metrics"
# POST gives an order:
DRAIN_PATH = "/drain"
UNDRAIN_PATH = "/undrain"
RESTART_HOLD_PATH = "/restart-hold"
QUARANTINE_PATH = "/quarantine"
TASK_EVENTS_PATH = "/task-events"

# The API server's pod proxy keeps Authorization for itself: through the proxy the token comes in this header.
TOKEN_HEADER = "X-Celery-Probe-Token"  # noqa: S105 - the header's name, not a token

DIRECTORY = "/celery-probe"
"""Where the volume that the worker or beat shares with its sidecar is mounted."""

# Names below that directory.
RUN_DIRECTORY = "run"
"""The folder that holds the files below. Both sides may write it."""
WORKER_REPORT_FILE = "report.json"
BEAT_REPORT_FILE = "beat.json"
LOCK_FILE = "worker.lock"
"""The file that the main process of worker or beat keeps locked as long as it lives."""
DRAIN_FILE = "drain"
"""The worker drains while this file exists."""
STOP_FILE = "stop"
"""This file exists once the worker is about to be stopped, until the next one starts."""
GIVE_BACK_FILE = "give-back"
"""This file exists once that worker has no time left to end its tasks."""
QUARANTINE_FILE = "quarantine.json"
"""The task ids in quarantine, and the dead-letter queue."""
TASK_EVENTS_FILE = "task-events"
"""The worker sends task events while this file exists."""
TASK_METRICS_FOLDER = "task-metrics"
"""The folder with the task metrics of the worker, if its application counts them."""

DEATHS_STAT = "celery_probe.deaths"
"""The key of a worker's ``DeathStats`` in its answer to ``inspect stats``."""
QUARANTINE_STAT = "celery_probe.quarantine"
"""The key of a worker's ``QuarantineStats`` in its answer to ``inspect stats``."""


class Role(StrEnum):
    """The kind of process that a sidecar observes."""

    WORKER = "worker"
    BEAT = "beat"


MANAGED_VARIABLE = "CELERY_PROBE_MANAGED_BY"
"""The environment variable of workers in the operator's own pods, which get its orders."""

# Environment variables of the sidecar. The agent reads the first only.
DIRECTORY_VARIABLE = "CELERY_PROBE_DIRECTORY"
PORT_VARIABLE = "CELERY_PROBE_PORT"
TOKEN_VARIABLE = "CELERY_PROBE_TOKEN"  # noqa: S105 - the variable's name, not a token
TOKEN_FILE_VARIABLE = "CELERY_PROBE_TOKEN_FILE"  # noqa: S105 - the variable's name, not a token
ROLE_VARIABLE = "CELERY_PROBE_ROLE"
BROKER_VARIABLE = "CELERY_BROKER_URL"

MONITOR_CLIENT = "celery-monitor:"
"""The name of a connection of the monitor to Redis is this and the channel that it subscribes to."""

DEAD_LETTER_SUFFIX = ".dead-letter"
"""How the names of dead-letter queues end. The queue of a resource has its name before this suffix."""


def is_dead_letter_queue(name: str) -> bool:
    """Whether the queue keeps quarantined messages. No worker is meant to consume it, however long it is."""
    return name.endswith(DEAD_LETTER_SUFFIX)
