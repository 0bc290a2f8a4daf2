"""Reliable delivery: workers survive an outage of their broker, and tasks survive the end of their worker."""

from celery_health.presets.preset import Preset, PresetError, Setting

CONNECTION_ATTEMPTS = 10
"""About two minutes of attempts: kombu waits 2, 4, 6 ... 20 s between them."""

_DELIVERY = (
    Setting(
        "broker_connection_retry_on_startup",
        True,
        "A worker that starts before its broker waits for the broker. Cost: a worker with a wrong URL "
        "waits too instead of ending; its log and its readiness probe show that.",
    ),
    Setting(
        "broker_connection_retry",
        True,
        "A worker that loses its broker reconnects and keeps its tasks running. If False, every short outage "
        "ends all workers.",
    ),
    Setting(
        "task_acks_late",
        True,
        "A task is acknowledged when it has ended. If its worker dies, the task runs again. Cost: a task "
        "may run twice and must be idempotent.",
    ),
    Setting(
        "task_reject_on_worker_lost",
        True,
        "A task whose child process was killed returns to its queue instead of failing. Cost: a task that "
        "always kills its process, for example by its memory, runs again and again. quarantine() stops it. "
        "The verdict PoisonTask names it where the workers have the agent or quarantine().",
    ),
    Setting(
        "task_track_started",
        True,
        "A running task has the state STARTED instead of PENDING, which also lost tasks have. Cost: one more "
        "write to the result backend for each task.",
    ),
    Setting(
        "task_publish_retry_policy",
        {"max_retries": 10, "interval_start": 0, "interval_step": 0.5, "interval_max": 5},
        "A client that cannot send a task tries again for 20 to 30 s, with at most 5 s between two "
        "attempts. Cost: a web request waits as long. There, send with retry=False and store the tasks "
        "that were not sent.",
    ),
    Setting(
        "worker_prefetch_multiplier",
        1,
        "A worker fetches no more messages than it has slots, so that no message waits behind a long task "
        "while another worker is idle. Cost: very short tasks (below 10 ms) lose throughput. Run those in "
        "a group with 4.",
    ),
    Setting(
        "worker_max_tasks_per_child",
        1000,
        "A child process is replaced after this many tasks, which limits memory leaks (prefork only). Cost: "
        "where children are spawned, each new one imports the application again. Forked children are cheap.",
    ),
    Setting(
        "worker_cancel_long_running_tasks_on_connection_loss",
        False,
        "Tasks continue during a broker outage. Cost: each of them runs again afterwards, because it could "
        "not be acknowledged. True would end the tasks and lose their work. With threads (Celery 5.3 to "
        "5.6) or gevent (5.3), True ends the whole worker.",
    ),
    Setting(
        "worker_soft_shutdown_timeout",
        10.0,
        "A worker that receives QUIT (or TERM with REMAP_SIGTERM=SIGQUIT) gives its tasks this many "
        "seconds and returns reserved messages to their queues. The pod's grace period must be longer.",
        since=(5, 5),
    ),
    Setting(
        "worker_enable_soft_shutdown_on_idle",
        True,
        "The same for a worker without active tasks, so that its ETA tasks return to their queues at once "
        "and not after the visibility timeout. Cost: an idle worker needs these seconds too.",
        since=(5, 5),
    ),
)


def reliable(*, connection_attempts: int | None = None) -> Preset:
    """Reliable delivery on any broker. The most important settings, and safe to start with.

    Args:
        connection_attempts: how often a worker tries to reach its broker before it ends. None: without limit,
            which is right where the worker is observed, as on Kubernetes. ``CONNECTION_ATTEMPTS`` (10, which
            takes 110 s) is right where a restarted worker may get other settings, such as a new address.

    Raises:
        PresetError: less than one attempt.
    """
    if connection_attempts is not None and connection_attempts < 1:
        # Celery reads 0 as "without limit", although it reads like "none".
        raise PresetError(f"connection_attempts={connection_attempts}: use 1 or more, or None for no limit.")
    return Preset((*_DELIVERY, _attempts(connection_attempts)))


def _attempts(attempts: int | None) -> Setting:
    return Setting(
        "broker_connection_max_retries",
        attempts,
        "None: a worker waits for its broker without limit. With 10, the worker ends with exit code 1 "
        "after 110 s and its pod restarts. The restart loses the tasks in memory and repairs nothing, and "
        "the back-off of a crash loop can keep the worker away for 5 min after the broker is back. Celery "
        "itself waits 2, 4, 6 ... 30 s between two attempts; no setting changes that.",
    )
