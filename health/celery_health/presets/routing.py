"""Five queues, one per kind of work, and which task goes where."""

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
        routes: the queue by the task's name, or by a pattern: ``{"shop.mail.*": "email"}``. A task that
            none fits goes to ``default``.

    Raises:
        PresetError: a route leads to another queue.
    """
    for task, queue in (routes or {}).items():
        if queue not in NAMES:
            raise PresetError(
                f"The route of {task!r} leads to {queue!r}: write one of {', '.join(NAMES)}, "
                "or add a queue of your own to task_queues and task_routes."
            )
    return Preset(
        (
            Setting(
                "task_default_queue",
                DEFAULT,
                "Tasks without a route go to default. A worker without it in its -Q leaves them lying: a "
                "fleet needs one group that reads it.",
            ),
            Setting(
                "task_queues",
                # As Celery makes them for a name behind -Q: exchange and key of the queue's own name. A queue
                # without them is bound to the default one's key, and gets a copy of each of its messages.
                tuple(Queue(name, Exchange(name, type="direct"), routing_key=name) for name in NAMES),
                "Slow work does not hold up quick work, and each kind scales by itself. A worker started "
                "without -Q reads all five. Each queue needs a worker: one that nobody reads grows in "
                "silence.",
            ),
            Setting(
                "task_routes",
                {**_OWN_ROUTES, **{task: {"queue": queue} for task, queue in (routes or {}).items()}},
                "The task's name decides, in one place; apply_async(queue=...) still wins. Celery's clean-up"
                " of results and the health check go to maintenance.",
            ),
        )
    )
