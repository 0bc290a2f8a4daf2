"""What is to be done, and when: tasks that arrive whatever the scaler does. The same seed, the same tasks."""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

MINUTE = 60.0
HOUR = 3600.0


@dataclass(slots=True, eq=False)
class Task:
    """``seconds`` of work that come at ``arrives``. ``late``: acknowledged at its end, not at its start."""

    arrives: float
    seconds: float
    late: bool
    started: float | None = None
    """When its work first began."""
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """Tasks in the order in which they arrive, and the group that does them; it may go to zero."""

    name: str
    about: str
    tasks: Sequence[Task] = field(repr=False)
    lasts: float
    """Seconds for which tasks may arrive."""
    max_pods: int = 30
    slots_a_pod: int = 2


Seconds = Callable[[random.Random], float]


def uniform(least: float, most: float) -> Seconds:
    """Tasks of any length between the two, in seconds."""
    return lambda choose: choose.uniform(least, most)


def pareto(least: float, most: float, shape: float) -> Seconds:
    """Heavy-tailed: many short tasks, a few very long ones, cut off at ``most`` seconds."""
    share = 1 - (least / most) ** shape
    return lambda choose: least / (1 - choose.random() * share) ** (1 / shape)


def workloads(seed: int, quick: bool) -> list[Workload]:
    """All of them; ``quick`` makes them shorter, not lighter."""
    hours = 0.75 if quick else 2.0
    return [
        bursts(seed, count=2 if quick else 6),
        diurnal(seed, hours),
        on_off(seed, hours),
        heavy_tailed(seed, hours),
        steady(seed, hours),
    ]


def bursts(seed: int, count: int) -> Workload:
    """Bursts that find the group at zero."""
    choose = random.Random(f"burst {seed}")
    starts = [number * 20 * MINUTE + choose.uniform(0, MINUTE) for number in range(count)]
    arrivals = sorted(start + choose.uniform(0, 5) for start in starts for _ in range(600))
    tasks = _tasks(choose, arrivals, uniform(0.1, 5))
    return Workload("burst", "600 tasks of 0.1 to 5 s within 5 s, every 20 min", tasks, count * 20 * MINUTE)


def diurnal(seed: int, hours: float) -> Workload:
    """A day pressed into ``hours``."""
    choose = random.Random(f"diurnal {seed}")
    lasts = hours * HOUR
    rates = [8.25 - 7.75 * math.cos(2 * math.pi * second / lasts) for second in range(int(lasts))]
    tasks = _tasks(choose, _arrivals(choose, rates), uniform(0.5, 3))
    return Workload(
        "diurnal", f"0.5 to 16 tasks/s and back within {hours:g} h, 0.5 to 3 s each", tasks, lasts
    )


def on_off(seed: int, hours: float) -> Workload:
    """Load that comes and goes at once, faster than a cautious scaler follows."""
    choose = random.Random(f"on-off {seed}")
    rates = [10.0 if second % 360 < 180 else 0.0 for second in range(int(hours * HOUR))]
    tasks = _tasks(choose, _arrivals(choose, rates), uniform(0.5, 4))
    about = "10 tasks/s for 3 min, nothing for 3 min; 0.5 to 4 s each"
    return Workload("on-off", about, tasks, hours * HOUR)


def heavy_tailed(seed: int, hours: float) -> Workload:
    """Tasks of which most are short and a few run for minutes."""
    choose = random.Random(f"heavy {seed}")
    arrivals = _arrivals(choose, [4.0] * int(hours * HOUR))
    tasks = _tasks(choose, arrivals, pareto(0.5, 300, 1.2))
    return Workload("heavy-tailed", "4 tasks/s of 0.5 to 300 s (Pareto, shape 1.2)", tasks, hours * HOUR)


def steady(seed: int, hours: float) -> Workload:
    """A load that never changes but by chance."""
    choose = random.Random(f"steady {seed}")
    arrivals = _arrivals(choose, [6.0] * int(hours * HOUR))
    tasks = _tasks(choose, arrivals, uniform(0.5, 3))
    return Workload("steady", "6 tasks/s (Poisson), 0.5 to 3 s each", tasks, hours * HOUR)


def measured_burst(seed: int, long_tasks: bool) -> Workload:
    """The two bursts with which the real KEDA was measured: 2 slots a pod, 6 pods, all tasks at once."""
    choose = random.Random(f"measured {seed}")
    if long_tasks:
        lengths = [45.0 if number % 4 == 0 else 0.1 for number in range(120)]
    else:
        lengths = [(0.1, 0.3, 1.0, 5.0)[number % 4] for number in range(600)]
    choose.shuffle(lengths)
    tasks = [Task(0.0, seconds, choose.random() < 0.5) for seconds in lengths]
    return Workload("measured", "", tasks, lasts=1.0, max_pods=6)


def _arrivals(choose: random.Random, rates: Sequence[float]) -> Iterator[float]:
    """Poisson arrivals at a rate for each second, by thinning those of the highest rate."""
    highest = max(rates)
    at = choose.expovariate(highest)
    while at < len(rates):
        if choose.random() * highest < rates[int(at)]:
            yield at
        at += choose.expovariate(highest)


def _tasks(choose: random.Random, arrivals: Iterable[float], seconds: Seconds) -> list[Task]:
    """Half of them are acknowledged late."""
    return [Task(at, seconds(choose), choose.random() < 0.5) for at in arrivals]
