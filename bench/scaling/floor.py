"""What no scaler can beat: one that knows what will come, and pays any price for it."""

from bisect import bisect_right

from bench.scaling.world import START, STOP, World

CHECK = 0.1
WORTH_KEEPING = START + STOP
"""Seconds without an arrival for which an empty pod is kept: a new one would cost as much."""


class Floor:
    """``pods`` of them as soon as something waits; each goes once it is empty and nothing comes for it."""

    def __init__(self, world: World, pods: int) -> None:
        self._world = world
        self._pods = pods
        self._arrivals = [task.arrives for task in world.workload.tasks]
        world.after(0.0, self._check)

    def _check(self) -> None:
        world = self._world
        if world.ready:
            world.set_replicas(self._pods)
        elif self._next_arrival() - world.now > WORTH_KEEPING:
            empty = [pod for pod in world.counted if pod.empty]
            for pod in empty:
                pod.cost = -1
            world.set_replicas(len(world.counted) - len(empty))
        world.after(CHECK, self._check)

    def _next_arrival(self) -> float:
        position = bisect_right(self._arrivals, self._world.now)
        return self._arrivals[position] if position < len(self._arrivals) else float("inf")
