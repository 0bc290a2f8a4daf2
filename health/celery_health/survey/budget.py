"""The time that one check may take."""

import time


class Budget:
    """Seconds from now on."""

    least = 0.05
    """The least that ``left`` returns."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left; never 0, so that it can be used as a timeout."""
        return max(self.least, self._end - time.monotonic())
