"""The restart hold: for a while, no verdict fails the liveness probe. It ends by itself."""

from collections.abc import Callable


class RestartHold:
    """One process's restart hold. ``clock`` gives seconds of CLOCK_MONOTONIC."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: float | None = None

    def set(self, seconds: float) -> None:
        """Hold for this many seconds from now, in place of any earlier restart hold; 0 ends it."""
        self._until = self._clock() + seconds

    def seconds_left(self) -> float | None:
        """For how many more seconds it is in force; None if it is not."""
        left = 0.0 if self._until is None else self._until - self._clock()
        return left if left > 0 else None
