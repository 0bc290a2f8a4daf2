"""A steady load, which is never quite the same: tasks come and end at random."""

import random
from dataclasses import dataclass, field
from heapq import heappop, heappush

import pytest

from celery_operator.api.autoscaling import Autoscaling
from celery_operator.decide.scaling.autoscale import scale
from celery_operator.observe.load import LoadMeter
from celery_operator.snapshot import PodState, ScalingHistory
from tests.unit.decide.build import broker, spec
from tests.unit.decide.pods import reporting_pod

RECONCILE_SECONDS = 2.0
START_SECONDS = 5.0
WARM_SECONDS = 10 * 60.0
STEADY_SECONDS = 30 * 60.0


@dataclass
class Fleet:
    """Slots that take tasks in turn; new ones are there some seconds after they are asked for."""

    rate: float
    mean: float
    random: random.Random
    slots: int = 0
    waiting: int = 0
    started: int = 0
    ends: list[float] = field(default_factory=list)
    coming: list[tuple[float, int]] = field(default_factory=list)
    next_task: float = 0.0

    def resize(self, slots: int, now: float) -> None:
        """More slots come late, fewer are fewer at once: what runs goes on."""
        self.coming = [(now + START_SECONDS, slots)] if slots > self.slots else []
        self.slots = min(self.slots, slots)

    def run(self, until: float) -> None:
        """All that happens until then."""
        while (now := min([self.next_task, *self.ends[:1], *(at for at, _ in self.coming)])) < until:
            if self.coming and now == self.coming[0][0]:
                self.slots = self.coming.pop(0)[1]
            elif self.ends and now == self.ends[0]:
                heappop(self.ends)
            else:
                self.waiting += 1
                self.next_task = now + self.random.expovariate(self.rate)
            while self.waiting and len(self.ends) < self.slots:
                self.waiting -= 1
                self.started += 1
                heappush(self.ends, now + self.random.expovariate(1 / self.mean))

    def pod(self) -> PodState:
        """One that speaks for all."""
        return reporting_pod(active=0, active_count=len(self.ends), processed=self.started, reserved=0, eta=0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("rate", "mean", "slots_per_pod"),
    [(40, 1.0, 2), (10, 1.0, 2), (100, 0.1, 4), (20, 2.0, 4), (4, 1.0, 2)],
)
def test_the_group_changes_at_most_twice_in_half_an_hour(
    rate: float, mean: float, slots_per_pod: int, seed: int
) -> None:
    rules, meter, history = Autoscaling(max_replicas=200), LoadMeter(), ScalingHistory()
    fleet = Fleet(rate, mean, random.Random(seed), slots=slots_per_pod)
    current, changes, now = 1, [], 0.0
    while now < WARM_SECONDS + STEADY_SECONDS:
        now += RECONCILE_SECONDS
        fleet.run(now)
        load = meter.update(spec(), broker(celery=fleet.waiting), (fleet.pod(),), now)["default"]
        call = scale(rules, current, slots_per_pod, load, history, now)
        if call.replicas != current:
            fleet.resize(call.replicas * slots_per_pod, now)
            changes.append((now, call.message))
        current, history = call.replicas, call.history
    steady = [message for at, message in changes if at > WARM_SECONDS]
    assert len(steady) <= 2, steady
    assert rate * mean / slots_per_pod <= current <= 2 * rate * mean / slots_per_pod
