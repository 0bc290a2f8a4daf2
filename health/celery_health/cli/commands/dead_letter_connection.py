"""Opens the dead-letter queue of an application, or of a broker."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from celery_health.cli.commands.arguments import connection_from
from celery_health.cli.commands.dead_letter_actions import explained_errors
from celery_health.cli.commands.dead_letter_replay import AskedDeadLetters
from celery_health.dead_letters.letter import DeadLetterQueue
from celery_health.dead_letters.opening import open_dead_letters
from celery_health.survey.task.replay import ask_workers


@contextmanager
def opened(app: Any, options: Mapping[str, Any]) -> Iterator[tuple[DeadLetterQueue, str]]:
    """The queue that the options name, and its name. ``app`` is loaded by ``celery -A``, or None.

    Raises:
        ConfigurationError: no broker is named.
        NotDoneError: the broker cannot be used.
        NothingDoneError: this kind of broker has no dead-letter queue.
    """
    connection = connection_from(app, options)
    name = options.get("dead_letter_queue") or connection.dead_letter_queue
    with (
        explained_errors(),
        closing(open_dead_letters(connection.broker, connection.naming, name)) as queue,
    ):
        yield AskedDeadLetters(queue, name, partial(ask_workers, connection)), name
