"""The messages of listed tasks that a worker keeps, unacknowledged, until the dead-letter queue has them.

If the move fails, it is tried again later, with growing pauses: a rejected message would come back at once,
again and again. Meanwhile the worker fetches as many other messages as without those that it keeps.
"""

from __future__ import annotations

from typing import Any, Callable

from celery_probe.agent import natives
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker import prefetch
from celery_probe.agent.worker.quarantine import dead_letter
from celery_probe.agent.worker.quarantine.problems import why_not_moved
from celery_probe.agent.worker.state import Worker

# After this time of one heartbeat no other move begins.
MOVE_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A worker that keeps more fetches fewer other messages: this bounds its memory.
MOST_BESIDE = 1000


class KeptMessages:
    """Call the methods in the consumer's loop, but ``keep``: any thread may."""

    def __init__(self, worker: Worker, errors: ErrorLog) -> None:
        self._worker = worker
        self._errors = errors
        # By their identity: each connection to RabbitMQ counts its delivery tags from 1.
        self._messages: dict[int, Any] = {}
        # What is added to the consumer's prefetch limit.
        self._beside = 0
        self._due = 0.0
        self._pause = FIRST_PAUSE_SECONDS

    def keep(self, message: Any) -> None:
        """Keep a message that the consumer has received."""
        self._messages[id(message)] = message

    def forget(self) -> None:
        """The connection is lost or the worker stops: the broker delivers again what is unacknowledged."""
        self._messages.clear()
        self._beside = 0
        self._succeed()
        self._report()

    def take(self, is_wanted: Callable[[Any], bool]) -> list[Any]:
        """Keep these messages no longer, and return them."""
        found = [message for message in list(self._messages.values()) if is_wanted(message)]
        for message in found:
            del self._messages[id(message)]
        return found

    def hurry(self) -> None:
        """Make the next attempt at once."""
        self._due, self._pause = 0.0, FIRST_PAUSE_SECONDS

    def move(self, consumer: Any, queue: str) -> None:
        """Move the messages if an attempt is due, and adapt the prefetch limit to those that are left."""
        if self._messages and natives.monotonic() >= self._due:
            try:
                self._move_all(consumer, queue)
                self._succeed()
            except Exception as error:
                self._fail(why_not_moved(error, consumer, queue))
                self._errors.add("dead letter", error)
        if not self._messages:
            self._succeed()
        self._report()
        self._adapt_prefetch(consumer)

    def _move_all(self, consumer: Any, queue: str) -> None:
        began = natives.monotonic()
        with dead_letter.mover(consumer, queue) as move:
            for key in list(self._messages):
                if natives.monotonic() - began > MOVE_SECONDS:
                    break
                # If it fails, the others come first the next time.
                message = self._messages[key] = self._messages.pop(key)
                if dead_letter.is_unacknowledged(consumer, message):
                    self._worker.quarantined_total += move(message)
                    with self._errors.caught("acknowledge"):
                        dead_letter.acknowledge(consumer, message)
                del self._messages[key]

    def _fail(self, problem: str) -> None:
        self._worker.quarantine_problem = problem
        self._due = natives.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _succeed(self) -> None:
        self._worker.quarantine_problem = ""
        self.hurry()

    def _report(self) -> None:
        self._worker.quarantine_waiting = len(self._messages)

    def _adapt_prefetch(self, consumer: Any) -> None:
        """Of messages that are about to be moved, the limit need not know."""
        beside = min(len(self._messages), MOST_BESIDE) if self._worker.quarantine_problem else 0
        if beside != self._beside:
            self._beside += prefetch.change(consumer, beside - self._beside)
