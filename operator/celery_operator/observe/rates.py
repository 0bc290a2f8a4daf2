"""How fast tasks arrive and finish, from counts that jump from reading to reading."""

from dataclasses import dataclass
from math import exp

SHORT_ARRIVALS_SECONDS = 15.0
"""Time constant of the arrivals now: arrivals that have stopped are forgotten this fast."""
LONG_ARRIVALS_SECONDS = 120.0
"""Time constant of steady arrivals: a burst waits in the queue, and must not count as a rate as well."""
LAG_SECONDS = 5.0
"""The numbers of broker and workers may be this far apart in time. A task that has left the queue, and that
no report shows yet, must not count as a new arrival when a report shows it.
"""
THROUGHPUT_SECONDS = 60.0
"""Time constant of the throughput: as long as the default targetDrainSeconds, for which it is used."""
THROUGHPUT_TASKS = 50.0
"""The throughput covers at least this many tasks, however long ago they finished: long tasks finish rarely.
"""
FIRST_TASKS = 5.0
"""Tasks that must have finished before there is a throughput: a single task may be of any length."""


def toward(value: float, new: float, seconds: float, constant: float) -> float:
    """``value`` after it has been ``new`` for ``seconds``, smoothed with the time constant."""
    return new + (value - new) * exp(-seconds / constant)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Tasks that arrive. ``owed``: tasks that seem gone, and may only be missing from the reports yet."""

    short: float = 0.0
    long: float = 0.0
    owed: float = 0.0

    @property
    def per_second(self) -> float:
        """The lower of the two averages: what has arrived for long and still arrives."""
        return min(self.short, self.long)

    def after(self, net: int, seconds: float) -> "Arrivals":
        """Add the change in the number of tasks over ``seconds``, finished tasks included."""
        balance = net - self.owed * exp(-seconds / LAG_SECONDS)
        rate = max(0.0, balance) / seconds
        return Arrivals(
            short=toward(self.short, rate, seconds, SHORT_ARRIVALS_SECONDS),
            long=toward(self.long, rate, seconds, LONG_ARRIVALS_SECONDS),
            owed=max(0.0, -balance),
        )


@dataclass(frozen=True, slots=True)
class Throughput:
    """Finished tasks, and the seconds that slots spent on tasks, finished or not."""

    finished: float = 0.0
    slot_seconds: float = 0.0

    @property
    def per_second(self) -> float | None:
        """Tasks per second that a busy slot finishes; None before enough have finished."""
        if self.finished < FIRST_TASKS or not self.slot_seconds:
            return None
        return self.finished / self.slot_seconds

    def after(self, finished: int, slot_seconds: float, seconds: float) -> "Throughput":
        """Add ``seconds``. While nothing runs, nothing is learned and nothing forgotten."""
        kept = 1.0
        if (finished or slot_seconds) and self.finished > THROUGHPUT_TASKS:
            kept = max(exp(-seconds / THROUGHPUT_SECONDS), THROUGHPUT_TASKS / self.finished)
        return Throughput(self.finished * kept + finished, self.slot_seconds * kept + slot_seconds)
