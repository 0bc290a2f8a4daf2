"""KEDA 2.21 with the HPA that it makes, from their documented formulas.

KEDA reads the length of one Redis list (LLEN, without in-flight tasks) every ``poll`` seconds. With
nothing in it for ``cooldown`` seconds it sets the Deployment to 0, from any size; with something in it and no
pod it sets 1. Between 1 and the most, the HPA computes every 15 s: ceil(length / target), unless that is
within the tolerance of what there is; the highest of the window counts on the way down; policies bound steps.
https://keda.sh/docs/2.21/concepts/scaling-deployments/
https://keda.sh/docs/2.21/reference/scaledobject-spec/
https://keda.sh/docs/2.21/scalers/redis-lists/
https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
"""

import math
from dataclasses import dataclass

from bench.scaling.world import World

SYNC = 15.0
"""A flag of the kube-controller-manager, no field of an HPA."""
TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """How many pods a scale-up may add within 15 s: the larger of the two."""

    percent: int = 100
    pods: int = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """A ScaledObject; the defaults are its own."""

    poll: float = 30.0
    cooldown: float = 300.0
    stabilization: float = 300.0
    list_length: int = 5
    step: Step = Step()


DEFAULT = Settings()
FAST = Settings(poll=1.0, cooldown=10.0, stabilization=0.0)
"""The fastest that was measured beside the simulator."""
UNLIMITED = Settings(poll=1.0, cooldown=10.0, stabilization=0.0, step=Step(pods=1000))
"""The fastest that can be written: the whole step at once too."""


class Keda:
    """Both loops. ``phase`` (0 to 1) says where in their periods they are when the first task may arrive."""

    def __init__(self, world: World, settings: Settings, phase: float) -> None:
        self._world = world
        self._settings = settings
        self._active_at = float("-inf")
        self._recommended: list[tuple[float, int]] = []
        self._added: list[tuple[float, int]] = []
        world.after(settings.poll * phase, self._poll)
        # Not in step with the polls.
        world.after(SYNC * (phase * 7 % 1), self._sync)

    def _poll(self) -> None:
        world, settings = self._world, self._settings
        if world.ready:
            self._active_at = world.now
            if world.replicas == 0:
                world.set_replicas(1)
        elif world.now - self._active_at > settings.cooldown:
            world.set_replicas(0)
        world.after(settings.poll, self._poll)

    def _sync(self) -> None:
        # An HPA leaves a target of 0 alone.
        if self._world.replicas > 0:
            self._scale()
        self._world.after(SYNC, self._sync)

    def _scale(self) -> None:
        world = self._world
        current = world.replicas
        desired = max(1, min(world.workload.max_pods, self._stabilized(self._size(current))))
        if desired > current:
            added = sum(pods for at, pods in self._added if world.now - at < SYNC)
            start, step = current - added, self._settings.step
            limit = max(start + step.pods, math.ceil(start * (1 + step.percent / 100)))
            desired = max(current, min(desired, limit))
            self._added = [(world.now, desired - current)]
        world.set_replicas(desired)

    def _size(self, current: int) -> int:
        target = self._settings.list_length
        length = len(self._world.ready)
        if abs(length / (target * current) - 1) <= TOLERANCE:
            return current
        return math.ceil(length / target)

    def _stabilized(self, size: int) -> int:
        now = self._world.now
        since = now - self._settings.stabilization
        self._recommended = [(at, pods) for at, pods in self._recommended if at > since]
        self._recommended.append((now, size))
        highest = max(pods for _, pods in self._recommended)
        return max(size, min(highest, self._world.replicas))
