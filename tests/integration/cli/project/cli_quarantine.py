"""The same application, whose workers quarantine poison tasks themselves, with a default queue of its own."""

from cli_shop import app  # type: ignore[import-not-found]

from celery_health import presets

app.conf.update(presets.reliable() | presets.quarantine() | {"task_default_queue": "mail"})
