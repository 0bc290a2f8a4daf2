"""The order not to fail liveness for a while. It is kept in memory and lapses by itself."""

from collections.abc import Callable

LONGEST_SECONDS = 300.0


class Hold:
    """While it stands no verdict restarts the worker. ``clock`` gives seconds of CLOCK_MONOTONIC."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._until: float | None = None

    def set(self, seconds: float) -> None:
        """Hold for so long from now, whatever was ordered before; 0 ends it."""
        self._until = self._clock() + seconds

    def left(self) -> float | None:
        """For how many seconds more it stands; None if it does not."""
        left = 0.0 if self._until is None else self._until - self._clock()
        return left if left > 0 else None
