"""Time limits: no task holds a slot for ever."""

from celery_health.presets.preset import Preset, PresetError, Setting

SOFT_SECONDS = 25 * 60
HARD_SECONDS = 30 * 60


def time_limits(*, soft: float = SOFT_SECONDS, hard: float = HARD_SECONDS) -> Preset:
    """A soft limit, at which a task may clean up, and a hard one, at which its process is killed (seconds).

    Raises:
        PresetError: the soft limit is not below the hard one, or not above 0.
    """
    if not 0 < soft < hard:
        raise PresetError(
            f"soft={soft:g}, hard={hard:g}: write 0 < soft < hard, so that a task can clean up in between."
        )
    return Preset(
        (
            Setting(
                "task_soft_time_limit",
                soft,
                "A task gets SoftTimeLimitExceeded after 25 min, and may clean up. It is raised anywhere in "
                "the task's code, also between two steps that belong together (prefork only).",
            ),
            Setting(
                "task_time_limit",
                hard,
                "A task that is still there after 30 min is ended, its process with it (prefork; gevent and "
                "eventlet end the task alone). Threads and solo know no limits: set "
                "spec.health.hungTaskAfterSeconds for those. A task that needs longer says so itself: "
                "@app.task(soft_time_limit=..., time_limit=...).",
            ),
        )
    )
