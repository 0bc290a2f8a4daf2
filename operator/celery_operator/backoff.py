"""Pauses: those that grow between tries, and those that differ a little from each other."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Each pause is twice as long as the one before, up to ``limit``; both are in seconds."""

    first: float
    limit: float

    def pause(self, failures: int) -> float:
        """Seconds to wait after this number of failures in a row; 0 without a failure."""
        if failures < 1:
            return 0.0
        # The exponent is bounded: 2 ** 2000 is no float.
        return min(self.first * 2.0 ** min(failures - 1, 60), self.limit)

    def pauses(self, count: int) -> tuple[float, ...]:
        """The pauses after the first ``count`` failures."""
        return tuple(self.pause(failures) for failures in range(1, count + 1))


def spread(seconds: float) -> float:
    """These seconds or up to a quarter less, so that what many do at this pace is not done at one time."""
    return seconds * random.uniform(0.75, 1)  # noqa: S311 - no secret depends on it
