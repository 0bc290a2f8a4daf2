"""When the broker last answered, by a mark that changes with every answer."""

from __future__ import annotations

from typing import Any


class AnswerWatch:
    """Compares the marks of successive heartbeats. ``mono``: when an answer was last seen, or none was due.

    A loop that stood for longer than ``pause`` seconds could read no answer: the silence counts from its next
    turn.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._mark: Any = None
        self._noted = 0.0
        self.mono: float | None = None

    def note(self, mark: Any, *, due: bool, now: float) -> None:
        """Take in one heartbeat. ``mark`` is None where the transport does not show its answers."""
        fresh = mark != self._mark or not due or now - self._noted > self._pause
        if mark is None:
            self.mono = None
        elif fresh:
            self.mono = now
        self._mark, self._noted = mark, now
