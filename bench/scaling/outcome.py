"""What one scaler made of one workload: the price, and what it cost the tasks."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.estimates import percentile
from bench.scaling.workloads import Workload
from bench.scaling.world import World

Scaler = Callable[[World], object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``p50``, ``p95`` and ``p99``: seconds from the arrival of a task to its first start."""

    pod_hours: float
    p50: float
    p95: float
    p99: float
    lost: int
    """Tasks that were killed and had been acknowledged."""
    repeated: int
    """Tasks that were killed and are delivered again."""
    changes: Sequence[tuple[float, int]]
    """(when, the new number of replicas)"""
    first_pod: float
    """Seconds from the first task to the first pod."""
    done: float
    """Seconds from the first task to the end of the last."""
    empty: float
    """Seconds from the first task until no pod is left."""
    sizes: Sequence[tuple[float, int]]
    """(when, pods) at each change."""

    @property
    def killed(self) -> int:
        """Tasks that were killed."""
        return self.lost + self.repeated

    def size_at(self, when: float) -> int:
        """Pods at one moment."""
        position = bisect_right(self.sizes, when, key=lambda change: change[0])
        return self.sizes[position - 1][1] if position else 0


def run(workload: Workload, scaler: Scaler) -> Outcome:
    """Simulate it. The workload's tasks stay as they are."""
    fresh = replace(workload, tasks=[replace(task) for task in workload.tasks])
    world = World(fresh)
    scaler(world)
    world.run()
    tasks = fresh.tasks
    waits = [task.started - task.arrives for task in tasks if task.started is not None]
    began = tasks[0].arrives
    tally = world.tally
    return Outcome(
        pod_hours=tally.pod_seconds / 3600,
        p50=percentile(waits, 50),
        p95=percentile(waits, 95),
        p99=percentile(waits, 99),
        lost=tally.lost,
        repeated=tally.repeated,
        changes=tally.changes,
        first_pod=tally.changes[0][0] - began,
        done=max((task.ended for task in tasks if task.ended is not None), default=began) - began,
        empty=world.now - began,
        sizes=tally.sizes,
    )
