"""A clock that a test moves ahead."""

import time


class Clock:
    """The true clock, moved ahead by a test."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead
