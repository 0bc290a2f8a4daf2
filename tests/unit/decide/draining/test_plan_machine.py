"""Draining against a cluster in which anything may happen between any two steps of an operator.

The ReplicaSet of this cluster obeys its documented order and is spiteful where that leaves a choice: it takes
the busiest. The operator acts in any order, is late, and forgets everything when it crashes.
"""

from collections.abc import Collection
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from celery_operator.decide.draining.drain_state import drain_pods
from celery_operator.decide.draining.plan import leaving_pods, plan
from celery_operator.decide.evidence.worker_state import Worker, worker_state_of
from tests.unit.decide.draining.simulated_pod import START, Pod

TIMEOUT = 60.0
MOST = 5
SURGE = 1

any_one = st.integers(0, MOST - 1)
any_time = st.sampled_from([0.2, 1.0, 1.0, 10.0, TIMEOUT + 1.0])
of_each = st.lists(st.sampled_from([1, 0, 1, 2]), min_size=MOST, max_size=MOST)
few_of_each = st.lists(st.sampled_from([0, 0, 1, 2]), min_size=MOST, max_size=MOST)
kinds_of_steps = st.sets(st.sampled_from(["replicas", "cost", "drain"]), min_size=1, max_size=2)


class Cluster(RuleBasedStateMachine):
    """One group, its ReplicaSet, and an operator whose steps may be torn apart."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.pods: list[Pod] = []
        self.number = 0
        self.replicas = 0
        self.desired = 0
        self.rollout = False
        self.decided: int | None = None
        self.steps: list[tuple[str, str, int]] = []
        self.chosen: dict[str, float] = {}
        """When the operator chose each pod, as it remembers."""
        self.wanted: dict[str, float] = {}
        """The same, also while an operator that has crashed has not come back to forget it."""

    @initialize(size=st.integers(2, MOST), active=of_each)
    def a_group_at_work(self, size: int, active: list[int]) -> None:
        self.replicas = self.desired = size
        self.sync()
        for pod in self.pods:
            pod.scheduled = pod.running = True
            pod.begin()
        self.tasks_come(active, [0] * MOST)
        self.time_passes(1.0)

    # What the operator does.

    def operator_reconciles(self) -> None:
        workers = []
        for pod in self.pods:
            state = pod.seen(self.now)
            workers.append(
                Worker(state, worker_state_of(state, START + timedelta(seconds=self.now), timedelta()))
            )
        live = self.replicas if self.decided is None else min(self.replicas, self.decided)
        chosen_for = {uid: self.now - since for uid, since in self.chosen.items()}
        pods = drain_pods(workers, chosen_for).get("default", ())
        found = plan(self.desired, live, pods, drain_timeout=TIMEOUT, settled=not self.rollout)
        assert found.replicas >= self.desired
        assert len(found.victims) <= max(0, len(pods) - self.desired)
        silent = {pod.uid for pod in self.pods if pod.silent and pod.running and not pod.crashed}
        assert not silent & {uid for uid in found.removing if chosen_for.get(uid, 0.0) <= TIMEOUT}
        kept = leaving_pods(found.replicas, pods) & {*self.chosen}
        self.chosen = {uid: self.chosen.get(uid, self.now) for uid in {*found.victims, *kept}}
        self.wanted = {uid: self.wanted.get(uid, since) for uid, since in self.chosen.items()}
        if self.rollout and self.desired:
            assert {*found.drain} <= {*chosen_for}
            assert found.replicas >= live
        self.steps = [
            *(("drain", uid, 1) for uid in found.drain),
            *(("drain", uid, 0) for uid in found.undrain),
            *(("cost", uid, cost) for uid, cost in found.costs.items()),
            ("replicas", "", found.replicas),
        ]

    def operator_takes(self, kinds: Collection[str]) -> None:
        taken = [step for step in self.steps if step[0] in kinds]
        self.steps = [step for step in self.steps if step[0] not in kinds]
        for kind, uid, value in taken:
            if kind == "replicas":
                self.decided = value
            for pod in self.pods:
                if pod.uid == uid and kind == "cost":
                    pod.cost = value
                elif pod.uid == uid and pod.running and not pod.silent:
                    pod.asked = (self.now if pod.asked is None else pod.asked) if value else None

    @rule()
    def the_number_arrives(self) -> None:
        if self.decided is not None:
            self.replicas, self.decided = self.decided, None

    @rule()
    def operator_crashes(self) -> None:
        self.steps, self.decided, self.chosen = [], None, {}

    @rule(kinds=kinds_of_steps, arrives=st.booleans(), seconds=any_time)
    def operator_is_interrupted(self, kinds: set[str], arrives: bool, seconds: float) -> None:
        self.time_passes(seconds)
        self.operator_reconciles()
        self.operator_takes(kinds)
        if arrives:
            self.the_number_arrives()
            self.sync()

    @precondition(lambda self: self.steps)
    @rule()
    def operator_goes_on(self) -> None:
        self.operator_takes({"replicas", "cost", "drain"})
        self.the_number_arrives()

    @rule(reconciles=st.integers(1, 3), seconds=any_time)
    def operator_works(self, reconciles: int, seconds: float) -> None:
        for _ in range(reconciles):
            self.time_passes(seconds)
            self.operator_reconciles()
            self.operator_goes_on()

    # What the ReplicaSet does.

    @rule()
    def sync(self) -> None:
        most = self.replicas + (SURGE if self.rollout and self.replicas else 0)
        while len(self.pods) > most:
            self.delete(min(self.pods, key=self.order_of_deletion))
        while len(self.pods) < self.replicas:
            self.create()

    def order_of_deletion(self, pod: Pod) -> tuple[object, ...]:
        if self.rollout:
            return (not pod.busy,)
        return pod.scheduled, pod.running, pod.ready, pod.cost, not pod.busy

    def delete(self, pod: Pod) -> None:
        since = min(self.now if pod.asked is None else pod.asked, self.wanted.get(pod.uid, self.now))
        late = self.now - since > TIMEOUT
        # A rollout may come down to none at all. Raised again before the ReplicaSets have obeyed, it goes on
        # with some of their pods: no operator can know with which, and the preStop hook drains the others.
        unknowable = self.rollout and self.replicas
        assert not pod.busy or late or unknowable, "a busy pod was deleted"
        self.pods.remove(pod)

    def create(self) -> None:
        self.number += 1
        self.pods.append(Pod(f"pod-{self.number}", self.now))

    # What happens to the load.

    @rule(desired=st.integers(0, MOST))
    def load_changes(self, desired: int) -> None:
        self.desired = desired

    @rule(active=of_each, reserved=few_of_each)
    def tasks_come(self, active: list[int], reserved: list[int]) -> None:
        for pod, running, waiting in zip(self.pods, active, reserved, strict=False):
            if pod.fetches:
                pod.active += running
                pod.reserved += waiting
                pod.eta += running

    @rule(ended=few_of_each)
    def tasks_end(self, ended: list[int]) -> None:
        for pod, number in zip(self.pods, ended, strict=False):
            if number:
                pod.active, pod.reserved = (pod.reserved, 0) if number == 1 else (0, 0)

    @rule(seconds=any_time)
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        if seconds >= 1.0:
            for pod in self.pods:
                pod.beat(self.now)

    @rule(which=any_one)
    def an_agent_reports(self, which: int) -> None:
        for pod in self.one(which):
            pod.beat(self.now)

    # What happens to pods. A pod that stops being ready while its ReplicaSet is about to delete some goes
    # first, and nothing can prevent that: so these wait until the ReplicaSet has reached its size.

    @property
    def calm(self) -> bool:
        most = self.replicas + (SURGE if self.rollout else 0)
        return not self.steps and self.decided is None and len(self.pods) <= most

    @precondition(lambda self: self.calm)
    @rule()
    def pods_get_on(self) -> None:
        for pod in self.pods:
            if not pod.scheduled:
                pod.scheduled = True
            elif not pod.running:
                pod.running = True
            elif pod.crashed:
                pod.crashed = False
            elif not pod.connected:
                pod.begin()
            else:
                pod.ready = True

    @precondition(lambda self: self.calm)
    @rule(which=any_one, event=st.sampled_from(["unready", "crashed", "evicted", "an ETA task is due"]))
    def something_happens_to_a_pod(self, which: int, event: str) -> None:
        for pod in self.one(which):
            if event == "unready":
                pod.ready = False
            elif event == "crashed" and pod.running:
                pod.crash()
            elif event == "evicted":
                self.pods.remove(pod)
            elif event == "an ETA task is due" and pod.eta:
                pod.eta -= 1
                pod.active += 1
                pod.beat(self.now)

    @rule(which=any_one, silent=st.booleans(), mute=st.booleans())
    def a_pod_reports_or_does_not(self, which: int, silent: bool, mute: bool) -> None:
        for pod in self.one(which):
            pod.silent, pod.mute = silent, mute

    # Rollouts: the Deployment controller replaces pods, whatever they do; preStop hooks are tested elsewhere.

    @precondition(lambda self: self.calm and self.replicas)
    @rule(which=any_one)
    def a_rollout_goes_on(self, which: int) -> None:
        if not self.rollout:
            self.rollout = True
            self.create()
        elif which == 0:
            self.rollout = False
            del self.pods[: max(0, len(self.pods) - self.replicas)]
        else:
            for pod in self.one(which):
                self.pods.remove(pod)
                self.create()

    def one(self, which: int) -> list[Pod]:
        return self.pods[which : which + 1]

    def teardown(self) -> None:
        """Whatever has happened: once tasks end and all can be asked, the desired number is reached."""
        self.operator_crashes()
        self.sync()
        if self.rollout:
            self.rollout = False
            del self.pods[: max(0, len(self.pods) - self.replicas)]
        for _ in range(8):
            for pod in self.pods:
                pod.active = pod.reserved = 0
                pod.silent = pod.mute = False
            self.pods_get_on()
            self.operator_works(1, 1.0)
            self.sync()
        assert self.replicas == len(self.pods) == self.desired
        assert not any(pod.asked is not None for pod in self.pods)
        assert not any(pod.cost for pod in self.pods)


TestCluster = Cluster.TestCase
TestCluster.settings = settings(max_examples=3 * settings().max_examples, stateful_step_count=50)
