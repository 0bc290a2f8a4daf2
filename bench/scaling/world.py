"""The group as it would be in a cluster: a queue, pods that start, take tasks, drain and stop; a clock.

Discrete events: time jumps from one to the next. All scalers get the same: a pod consumes ``START`` seconds
after its creation and is gone ``STOP`` seconds after its last task; a stopped worker gives back what it has
not begun, and finishes what runs if the grace period lets it.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from bench.scaling.workloads import Task, Workload

START = 8.0
STOP = 1.0
GRACE = 30.0
"""terminationGracePeriodSeconds where it is not set."""


class Phase(Enum):
    """STOPPING: it got its TERM, and the ReplicaSet counts it no longer."""

    STARTING = 0
    CONSUMING = 1
    STOPPING = 2


@dataclass(slots=True, eq=False)
class Pod:
    """A worker of ``slots`` processes whose prefetch is the same (multiplier 1, as our presets advise)."""

    number: int
    created: float
    slots: int
    phase: Phase = Phase.STARTING
    draining_since: float | None = None
    cost: int = 0
    running: list[Task] = field(default_factory=list)
    reserved: deque[Task] = field(default_factory=deque)
    begun: int = 0
    """Tasks that it has started."""

    @property
    def takes(self) -> bool:
        """Whether it fetches a message now: its prefetch bounds those that it has not acknowledged."""
        if self.phase is not Phase.CONSUMING or self.draining_since is not None:
            return False
        return len(self.reserved) + sum(task.late for task in self.running) < self.slots

    @property
    def empty(self) -> bool:
        """It holds no task."""
        return not self.running and not self.reserved


@dataclass(slots=True)
class Tally:
    """What happened, as far as the tasks themselves do not show it."""

    pod_seconds: float = 0.0
    lost: int = 0
    """Tasks that were killed after they were acknowledged."""
    repeated: int = 0
    """Tasks that were killed before: the broker delivers them again."""
    changes: list[tuple[float, int]] = field(default_factory=list)
    """(when, the new number of replicas)"""
    sizes: list[tuple[float, int]] = field(default_factory=list)
    """(when, pods that exist, those that stop among them)"""


class World:
    """One run of one workload. A scaler sees ``ready`` and ``pods``; it sets replicas and drains."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.now = 0.0
        self.replicas = 0
        self.ready: deque[Task] = deque()
        self.pods: list[Pod] = []
        self.tally = Tally()
        self._open = len(workload.tasks)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = 0
        self._created = 0
        self._turn: deque[Pod] = deque()
        for task in workload.tasks:
            self._at(task.arrives, partial(self._arrive, task))

    def run(self) -> None:
        """Until all tasks are done and no pod is left.

        Raises:
            RuntimeError: that is not so ten hours after the last arrival.
        """
        while self._open or self.now < self.workload.lasts or self.pods:
            self.now, _, action = heapq.heappop(self._events)
            if self.now > self.workload.lasts + 36_000:
                raise RuntimeError(f"{self._open} tasks and {len(self.pods)} pods are left for ever.")
            action()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later."""
        self._at(self.now + seconds, action)

    @property
    def counted(self) -> list[Pod]:
        """The pods that the ReplicaSet counts, the older first."""
        return [pod for pod in self.pods if pod.phase is not Phase.STOPPING]

    def set_replicas(self, replicas: int) -> None:
        """Change the Deployment; pods come and go as its ReplicaSet has it."""
        if replicas == self.replicas:
            return
        self.replicas = replicas
        self.tally.changes.append((self.now, replicas))
        pods = self.counted
        for _ in range(replicas - len(pods)):
            self._create()
        for pod in sorted(pods, key=_deleted_first)[: max(0, len(pods) - replicas)]:
            self._stop(pod)

    def drain(self, pod: Pod) -> None:
        """It takes no more messages and finishes those that it holds."""
        if pod.draining_since is None:
            pod.draining_since = self.now

    def undrain(self, pod: Pod) -> None:
        """It takes messages again."""
        pod.draining_since = None
        self._feed([pod])

    def _at(self, when: float, action: Callable[[], None]) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (when, self._sequence, action))

    def _arrive(self, task: Task) -> None:
        self.ready.append(task)
        self._feed(self._turn)

    def _create(self) -> None:
        self._created += 1
        pod = Pod(self._created, self.now, self.workload.slots_a_pod)
        self.pods.append(pod)
        self._sized()
        self.after(START, partial(self._started, pod))

    def _started(self, pod: Pod) -> None:
        if pod.phase is Phase.STARTING:
            pod.phase = Phase.CONSUMING
            self._turn.append(pod)
            self._feed([pod])

    def _feed(self, pods: Iterable[Pod]) -> None:
        """Deliver waiting messages to consumers in turn."""
        for pod in list(pods):
            while self.ready and pod.takes:
                pod.reserved.append(self.ready.popleft())
                self._begin(pod)
                self._turn.remove(pod)
                self._turn.append(pod)

    def _begin(self, pod: Pod) -> None:
        while pod.reserved and len(pod.running) < pod.slots:
            task = pod.reserved.popleft()
            pod.running.append(task)
            pod.begun += 1
            if task.started is None:
                task.started = self.now
            self.after(task.seconds, partial(self._finish, pod, task))

    def _finish(self, pod: Pod, task: Task) -> None:
        if task not in pod.running:
            return
        pod.running.remove(task)
        task.ended = self.now
        self._open -= 1
        self._begin(pod)
        self._feed([pod])
        if pod.phase is Phase.STOPPING and not pod.running:
            self.after(STOP, partial(self._gone, pod))

    def _stop(self, pod: Pod) -> None:
        consumed = pod.phase is Phase.CONSUMING
        pod.phase = Phase.STOPPING
        if consumed:
            self._turn.remove(pod)
        self.ready.extendleft(reversed(pod.reserved))
        pod.reserved.clear()
        self._feed(self._turn)
        if pod.running:
            self.after(GRACE, partial(self._kill, pod))
        else:
            self.after(STOP, partial(self._gone, pod))

    def _kill(self, pod: Pod) -> None:
        """The grace period is over. Nothing runs twice here: a visibility timeout of an hour is far away."""
        if not pod.running:
            return
        late = sum(task.late for task in pod.running)
        self.tally.repeated += late
        self.tally.lost += len(pod.running) - late
        self._open -= len(pod.running)
        pod.running.clear()
        self._gone(pod)

    def _gone(self, pod: Pod) -> None:
        self.pods.remove(pod)
        self.tally.pod_seconds += self.now - pod.created
        self._sized()

    def _sized(self) -> None:
        self.tally.sizes.append((self.now, len(self.pods)))


def _deleted_first(pod: Pod) -> tuple[bool, int, float]:
    """The order in which a ReplicaSet deletes: not ready, then lower deletion cost, then newer."""
    return pod.phase is not Phase.STARTING, pod.cost, -pod.number
