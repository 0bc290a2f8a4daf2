"""Time limits: no task occupies a slot without end."""

from celery_health.presets.preset import Preset, PresetError, Setting

SOFT_SECONDS = 25 * 60
HARD_SECONDS = 30 * 60


def time_limits(*, soft: float = SOFT_SECONDS, hard: float = HARD_SECONDS) -> Preset:
    """A soft limit, at which a task can clean up, and a hard limit, at which its process is killed (seconds).

    Raises:
        PresetError: the soft limit is not below the hard one, or not above 0.
    """
    if not 0 < soft < hard:
        raise PresetError(
            f"soft={soft:g}, hard={hard:g}: use 0 < soft < hard, so that a task can clean up in between."
        )
    return Preset(
        (
            Setting(
                "task_soft_time_limit",
                soft,
                f"After {soft:g} s a task gets the exception SoftTimeLimitExceeded and can clean up (prefork "
                "only). Cost: the exception can be raised anywhere in the task's code, also between two "
                "steps that belong together.",
            ),
            Setting(
                "task_time_limit",
                hard,
                f"After {hard:g} s a task is ended together with its process (prefork), or alone (gevent). "
                "The pools threads, eventlet and solo have no limits: set spec.health.hungTaskAfterSeconds "
                "for them. A task that needs longer sets its own limits: @app.task(soft_time_limit=..., "
                "time_limit=...).",
            ),
        )
    )
