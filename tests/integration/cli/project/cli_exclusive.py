"""The same application, with a queue that only the connection of its worker may read."""

from cli_shop import app  # type: ignore[import-not-found]
from kombu import Queue

app.conf.task_queues = (Queue("celery"), Queue("alone", exclusive=True))
