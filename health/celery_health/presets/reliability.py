"""Reliable delivery: workers outlast their broker, and a task outlives its worker."""

from celery_health.presets.preset import Preset, PresetError, Setting

CONNECTION_ATTEMPTS = 10
"""As many as the waiting takes two minutes: kombu waits 2, 4, 6 ... 20 s between them."""

_DELIVERY = (
    Setting(
        "broker_connection_retry_on_startup",
        True,
        "A worker that starts before its broker waits for it. The price: a wrong URL shows as a worker that "
        "waits, not as one that ends; its log and its pod's readiness tell.",
    ),
    Setting(
        "broker_connection_retry",
        True,
        "A worker that loses its broker connects again by itself, and keeps its tasks running meanwhile. "
        "Without it every short outage ends all workers.",
    ),
    Setting(
        "task_acks_late",
        True,
        "A task is acknowledged when it is done: one whose worker dies runs again. So a task may run twice, "
        "and has to bear that (be idempotent).",
    ),
    Setting(
        "task_reject_on_worker_lost",
        True,
        "A task whose child process was killed goes back to its queue instead of counting as failed. A task "
        "that always kills its worker (by its memory) then comes back for ever: give it a limit.",
    ),
    Setting(
        "task_track_started",
        True,
        "A result tells STARTED from PENDING, so that a running task is told from one that is lost. It costs "
        "one more write to the result store for each task.",
    ),
    Setting(
        "task_publish_retry_policy",
        {"max_retries": 10, "interval_start": 0, "interval_step": 0.5, "interval_max": 5},
        "Who sends a task tries for 20 to 30 s before it gets an error, 5 s between two attempts at most. A "
        "web request waits as long: for those, send with retry=False and store what was not sent.",
    ),
    Setting(
        "worker_prefetch_multiplier",
        1,
        "A worker takes no more messages than it has slots for, so none waits behind a long task while "
        "another worker is idle. Very short tasks (below 10 ms) lose throughput: give them a group with 4.",
    ),
    Setting(
        "worker_max_tasks_per_child",
        1000,
        "A child process is replaced after so many tasks, which bounds what a leak can hold (prefork only). "
        "Each replacement imports the application again where children are spawned; forked ones are cheap.",
    ),
    Setting(
        "worker_cancel_long_running_tasks_on_connection_loss",
        False,
        "Tasks go on through an outage. Each one running then runs again afterwards, as it could not be "
        "acknowledged. True would end them first and lose their work, and with threads (Celery 5.3 to 5.6) "
        "or gevent (5.3) it ends the whole worker.",
    ),
    Setting(
        "worker_soft_shutdown_timeout",
        10.0,
        "A worker told to end at once (QUIT, or TERM with REMAP_SIGTERM=SIGQUIT) gives its tasks so many "
        "seconds, and puts back what it had not begun. The pod's grace period has to be longer.",
        since=(5, 5),
    ),
    Setting(
        "worker_enable_soft_shutdown_on_idle",
        True,
        "The same with no task running, so that tasks held for their ETA go back to their queue at once, not "
        "after the visibility timeout. The end then takes those seconds also where nothing runs.",
        since=(5, 5),
    ),
)


def reliable(*, connection_attempts: int | None = None) -> Preset:
    """Reliable delivery, on any broker. The settings that matter most, and safe to begin with.

    Args:
        connection_attempts: how often a worker tries to reach its broker before it ends. None: it waits for
            ever, which is right where something watches it, as on Kubernetes. ``CONNECTION_ATTEMPTS`` (10,
            110 s) is right where a restarted worker may find what the old one could not: a new address in
            its environment, say.

    Raises:
        PresetError: less than one attempt.
    """
    if connection_attempts is not None and connection_attempts < 1:
        # Celery reads 0 as "for ever", which nobody means who writes it.
        raise PresetError(
            f"connection_attempts={connection_attempts}: write 1 or more, or None to wait for ever."
        )
    return Preset((*_DELIVERY, _attempts(connection_attempts)))


def _attempts(attempts: int | None) -> Setting:
    return Setting(
        "broker_connection_max_retries",
        attempts,
        "None: a worker waits for its broker however long that takes. With 10 it ends with exit code 1 after "
        "110 s and its pod restarts, which heals nothing that waiting would not, loses the tasks in memory, "
        "and on Kubernetes ends in a crash loop's pauses of up to 5 min after the broker is back. "
        "The wait between two attempts is Celery's own (2, 4, 6 ... 30 s) and no setting changes it.",
    )
