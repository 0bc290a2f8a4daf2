"""The dead-letter queues of RabbitMQ, read once a minute for all questions.

While RabbitMQ delivers the messages of such a queue, no other program can read it, and a quorum queue counts
each delivery.
"""

from functools import partial

from celery_health.dead_letters.letter import Letter
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.task.search import read_dead_letters
from celery_monitor.single_flight import SingleFlight

_KEPT_SECONDS = 60.0
_MAX_QUEUES = 10


class DeadLetterReader:
    """Reads a queue as ``read_dead_letters`` does, with the same errors."""

    def __init__(self) -> None:
        self._readings: dict[str, SingleFlight[tuple[Letter, ...]]] = {}

    async def __call__(self, connection: AppConnection, queue: str) -> tuple[Letter, ...]:
        """The oldest messages of the queue, as they were within the last minute."""
        if queue not in self._readings:
            if len(self._readings) == _MAX_QUEUES:
                del self._readings[next(iter(self._readings))]
            read = partial(read_dead_letters, connection, queue)
            self._readings[queue] = SingleFlight(read, _KEPT_SECONDS)
        return await self._readings[queue].get()
