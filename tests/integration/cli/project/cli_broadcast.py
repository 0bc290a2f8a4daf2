"""The same application, with a queue of broadcasts and one that is deleted with its worker."""

from cli_shop import app  # type: ignore[import-not-found]
from kombu import Queue
from kombu.common import Broadcast

app.conf.task_queues = (Queue("celery"), Broadcast("news"), Queue("own", auto_delete=True))
