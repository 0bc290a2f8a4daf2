"""The same application with the task that checks from inside a worker."""

from cli_shop import app  # type: ignore[import-not-found]

from celery_health.tasks import register

register(app)
