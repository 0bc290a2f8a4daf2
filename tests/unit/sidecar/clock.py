"""Clocks that a test moves ahead."""

import time


class Clock:
    """The true clock, moved ahead by a test."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


class StillClock(Clock):
    """A clock that only a test moves."""

    def __call__(self) -> float:
        return 1000.0 + self.ahead
