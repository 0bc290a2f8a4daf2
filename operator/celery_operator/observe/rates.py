"""How fast tasks come and are done, out of counts that jump from look to look: pure."""

from dataclasses import dataclass
from math import exp

SHORT_ARRIVALS_SECONDS = 15.0
"""Time constant of what comes now: what has stopped coming is forgotten so soon."""
LONG_ARRIVALS_SECONDS = 120.0
"""Time constant of what keeps coming: a burst waits in the queue, and must not count as a rate too."""
LAG_SECONDS = 5.0
"""For so long the numbers of broker and workers may be of different moments. A task that has left the queue,
and that no report shows yet, must not count as come again when one does.
"""
THROUGHPUT_SECONDS = 60.0
"""Time constant of the throughput: as long as the default targetDrainSeconds, for which it is used."""
THROUGHPUT_TASKS = 50.0
"""Tasks that the throughput is made of at least, however long ago they ended: long ones end seldom."""
FIRST_TASKS = 5.0
"""Tasks that must have ended before there is a throughput: one alone may be of any length."""


def toward(value: float, new: float, seconds: float, constant: float) -> float:
    """``value`` after ``new`` has held for so many seconds, smoothed with the time constant."""
    return new + (value - new) * exp(-seconds / constant)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Tasks that come. ``owed``: tasks that seem to have gone, and may only not be told of yet."""

    short: float = 0.0
    long: float = 0.0
    owed: float = 0.0

    @property
    def per_second(self) -> float:
        """The lower of the two averages: what came for long and still comes."""
        return min(self.short, self.long)

    def after(self, net: int, seconds: float) -> "Arrivals":
        """Take in how many more tasks there are than so many seconds ago, those that left included."""
        balance = net - self.owed * exp(-seconds / LAG_SECONDS)
        rate = max(0.0, balance) / seconds
        return Arrivals(
            short=toward(self.short, rate, seconds, SHORT_ARRIVALS_SECONDS),
            long=toward(self.long, rate, seconds, LONG_ARRIVALS_SECONDS),
            owed=max(0.0, -balance),
        )


@dataclass(frozen=True, slots=True)
class Throughput:
    """Tasks that ended, and the seconds that slots spent on tasks, ended or not."""

    finished: float = 0.0
    slot_seconds: float = 0.0

    @property
    def per_second(self) -> float | None:
        """Tasks a second that a busy slot finishes; None before enough have ended."""
        if self.finished < FIRST_TASKS or not self.slot_seconds:
            return None
        return self.finished / self.slot_seconds

    def after(self, finished: int, slot_seconds: float, seconds: float) -> "Throughput":
        """Take in so many seconds. While nothing runs, nothing is learnt and nothing forgotten."""
        kept = 1.0
        if (finished or slot_seconds) and self.finished > THROUGHPUT_TASKS:
            kept = max(exp(-seconds / THROUGHPUT_SECONDS), THROUGHPUT_TASKS / self.finished)
        return Throughput(self.finished * kept + finished, self.slot_seconds * kept + slot_seconds)
