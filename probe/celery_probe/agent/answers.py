"""When the broker last answered, told by a mark that changes with every answer."""

from __future__ import annotations

from typing import Any


class AnswerWatch:
    """Looks at the mark again and again. ``mono``: when an answer was last seen, or none was due.

    A loop that stood for longer than ``pause`` seconds could read no answer: its silence counts from then on.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._mark: Any = None
        self._looked = 0.0
        self.mono: float | None = None

    def note(self, mark: Any, *, due: bool, now: float) -> None:
        """Keep one look. ``mark`` is None where answers cannot be told."""
        fresh = mark != self._mark or not due or now - self._looked > self._pause
        if mark is None:
            self.mono = None
        elif fresh:
            self.mono = now
        self._mark, self._looked = mark, now
