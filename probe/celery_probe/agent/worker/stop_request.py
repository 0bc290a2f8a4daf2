"""What the worker does about the stop hook's request, and about one that is taken back."""

from __future__ import annotations

from contextlib import suppress
from signal import SIGTERM
from typing import Any

from celery_probe.agent import natives
from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.worker import fetching

STANDARD_ERROR = 2
WITHDRAWN = (
    b"celery-probe: the stop was broken off. The worker has stopped starting tasks, so it shuts down.\n"
)


class StopRequest:
    """Call the methods in the consumer's loop.

    Celery's consumer cannot start tasks again after ``fetching.start_nothing``. Without an end, the worker
    would count as healthy and keep messages that it never runs.
    """

    def __init__(self, directory: ReportDirectory) -> None:
        self._directory = directory
        self._starts_nothing = False
        self._ends = False

    def is_in_force(self) -> bool:
        """Whether the worker is to start no more tasks, or does not start any for good."""
        return self._starts_nothing or self._directory.is_stop_requested()

    def obey(self, consumer: Any) -> None:
        """Start no more tasks. If the request is gone and this process still runs, shut it down warmly."""
        if self._directory.is_stop_requested():
            self._starts_nothing = True
            fetching.start_nothing(consumer)
        elif self._starts_nothing and not self._ends:
            self._ends = True
            with suppress(OSError):
                natives.write(STANDARD_ERROR, WITHDRAWN)
            # Celery's own handler lets active tasks end, and gives the other messages back to the broker.
            natives.kill(natives.getpid(), SIGTERM)
