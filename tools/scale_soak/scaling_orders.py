"""Which tasks are sent: pure, and the same seed gives the same ones.

Mounted beside the producer, so it stands on the standard library alone.
"""

import heapq
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MODES = ("late", "early")
SHORTEST = 0.1
ETA_SHARE = 0.2
STEPS = (0, 3, 6, 9)
"""kombu keeps one list a queue and step on Redis."""

WAVE_HIGH, WAVE_LOW = 1.8, 0.2


@dataclass(frozen=True, slots=True)
class Order:
    """One task to send; ``mode`` is how it is acknowledged, ``seconds`` how long it runs.

    ``countdown``: seconds until its ETA, 0 for none.
    """

    mode: str
    seconds: float
    queue: str = "default"
    countdown: float = 0.0
    priority: int | None = None


def stream(longest: float, seed: int, queue: str) -> Iterator[Order]:
    """Tasks without end, of SHORTEST to ``longest`` seconds and as often short as long (on a log scale)."""
    choose = random.Random(seed)
    while True:
        yield Order(
            mode=choose.choice(MODES),
            seconds=SHORTEST * (longest / SHORTEST) ** choose.random(),
            queue=queue,
            countdown=choose.uniform(0.5, longest) if choose.random() < ETA_SHARE else 0.0,
        )


def mean_seconds(longest: float) -> float:
    """How long a task of ``stream`` runs on average."""
    return (longest - SHORTEST) / math.log(longest / SHORTEST)


def pace(rate: float, wave: float, elapsed: float) -> float:
    """Tasks a second at a moment: ``rate``; with a ``wave`` (seconds) far above it and far below in turn."""
    if not wave:
        return rate
    return rate * (WAVE_HIGH if elapsed % wave < wave / 2 else WAVE_LOW)


def same(count: int, seconds: float, countdown: float = 0.0, modes: Sequence[str] = MODES) -> list[Order]:
    """Tasks that are alike but for how they are acknowledged: by one mode after the other."""
    return [Order(modes[number % len(modes)], seconds, countdown=countdown) for number in range(count)]


def burst_of_priorities(count: int, queues: Sequence[str], seed: int) -> list[Order]:
    """Short tasks over all queues and all priority steps."""
    choose = random.Random(seed)
    return [
        Order(
            mode=MODES[number % 2],
            seconds=choose.choice((0.01, 0.05, 0.1)),
            queue=choose.choice(queues),
            priority=choose.choice(STEPS),
        )
        for number in range(count)
    ]


def first_burst() -> list[Order]:
    """600 tasks of 0.1 to 5 s, 960 s of work; late, so that none waits in a worker behind a long one."""
    seconds = [0.1, 0.2, 0.5, 1.0, 1.0, 1.5, 2.0, 2.0, 2.7, 5.0] * 60
    random.Random(19).shuffle(seconds)
    return [Order("late", one) for one in seconds]


def second_burst() -> list[Order]:
    """120 tasks, a quarter of 45 s and those in its first half: at its end only long ones run."""
    return [Order("late", 45.0 if number < 60 and number % 2 == 0 else 0.5) for number in range(120)]


def fifo_seconds(durations: Iterable[float], slots: int) -> float:
    """How long the tasks take in this order on this number of slots, from the first moment and at no cost."""
    free = [0.0] * slots
    for duration in durations:
        heapq.heapreplace(free, free[0] + duration)
    return max(free)
