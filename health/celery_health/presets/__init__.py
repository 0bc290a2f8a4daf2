"""Recommended Celery settings, each with its trade-off. One line is enough.

    from celery_health import presets

    app.conf.update(presets.reliable())

Join more presets with ``|``, your own settings last::

    app.conf.update(
        presets.reliable()
        | presets.time_limits()
        | presets.redis_broker()
        | presets.redis_results()
        | presets.queues({"shop.mail.*": "email"})
        | presets.worker_options()
        | {"timezone": "Europe/Zurich"}
    )

``python -m celery_health.presets`` prints all of them. They need Celery 5.3 or later, and nothing else;
``quarantine()`` needs the package ``celery_probe`` too.
"""

from celery_health.presets.environment import worker_options
from celery_health.presets.limits import time_limits
from celery_health.presets.logs import log_files
from celery_health.presets.poison_tasks import quarantine
from celery_health.presets.preset import Preset, PresetError
from celery_health.presets.rabbitmq import rabbitmq_broker
from celery_health.presets.rates import rate_limits
from celery_health.presets.redis import redis_broker, redis_results
from celery_health.presets.reliability import CONNECTION_ATTEMPTS, reliable
from celery_health.presets.routing import queues
from celery_health.presets.task_retries import retries

__all__ = [
    "CONNECTION_ATTEMPTS",
    "Preset",
    "PresetError",
    "log_files",
    "quarantine",
    "queues",
    "rabbitmq_broker",
    "rate_limits",
    "redis_broker",
    "redis_results",
    "reliable",
    "retries",
    "time_limits",
    "worker_options",
]
