"""Five queues, one for each kind of work, and the routes of tasks to them."""

from collections.abc import Mapping

from kombu import Exchange, Queue

from celery_health.presets.preset import Preset, PresetError, Setting

DEFAULT, EMAIL, MEDIA, REPORTS, MAINTENANCE = "default", "email", "media", "reports", "maintenance"
NAMES = (DEFAULT, EMAIL, MEDIA, REPORTS, MAINTENANCE)

_OWN_ROUTES = {
    "celery.backend_cleanup": {"queue": MAINTENANCE},
    "celery_health.tasks.health_check_task": {"queue": MAINTENANCE},
}


def queues(routes: Mapping[str, str] | None = None) -> Preset:
    """The queues ``default``, ``email``, ``media``, ``reports`` and ``maintenance``.

    Args:
        routes: the queue by the task's name or a pattern, such as ``{"shop.mail.*": "email"}``. Tasks without
            a route go to ``default``.

    Raises:
        PresetError: a route leads to a queue that is not one of the five.
    """
    for task, queue in (routes or {}).items():
        if queue not in NAMES:
            raise PresetError(
                f"The route of {task!r} leads to {queue!r}: use one of {', '.join(NAMES)}, "
                "or add a queue of your own to task_queues and task_routes."
            )
    return Preset(
        (
            Setting(
                "task_default_queue",
                DEFAULT,
                "Tasks without a route go to default. Cost: a worker started with -Q and without default "
                "does not consume them, so at least one group must consume default.",
            ),
            Setting(
                "task_queues",
                # As Celery creates them for -Q: an exchange and a routing key with the queue's name. Without
                # them a queue is bound to the key of the default queue and gets a copy of each of its
                # messages.
                tuple(Queue(name, Exchange(name, type="direct"), routing_key=name) for name in NAMES),
                "Slow tasks do not delay quick tasks, and each kind of work scales by itself. A worker "
                "started without -Q consumes all five. Cost: each queue needs a worker; tasks in a queue "
                "without workers wait unnoticed.",
            ),
            Setting(
                "task_routes",
                {**_OWN_ROUTES, **{task: {"queue": queue} for task, queue in (routes or {}).items()}},
                "The task's name decides, in one place; apply_async(queue=...) still takes precedence. "
                "Celery's clean-up of results and the health check go to maintenance.",
            ),
        )
    )
