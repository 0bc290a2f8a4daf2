"""Healing keeps to its budget under any sequence of reconciles."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from celery_operator.api.status import CeleryDeploymentStatus, RestartsStatus
from celery_operator.decide.healing.evictions import heal
from celery_operator.snapshot import Snapshot
from tests.unit.decide.build import GENERATION, WAITING, deployment, evidence_of, snapshot, spec
from tests.unit.decide.pods import NOW, pod, stalled_pod

NAMES = [f"shop-default-{letter}" for letter in "abcd"]
GROUP = {
    "spec": spec(workers=[{"name": "default", "replicas": 4}], health={"restart": {"maxConcurrent": 2}}),
    "deployments": (deployment(4),),
}


class Fleet(RuleBasedStateMachine):
    """Any sequence of reconciles: workers stall and recover, the broker comes and goes, the operator starts.

    Only the status is remembered between reconciles, as by an operator that restarts each time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.status = RestartsStatus()
        self.stalled = dict.fromkeys(NAMES, False)
        self.made: dict[str, datetime] = {name: NOW - timedelta(hours=1) for name in self.stalled}
        self.evictions: list[datetime] = []
        self.unhelped: list[str] = []
        self.number = 0

    @rule(seconds=st.integers(1, 400))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(which=st.integers(0, 3), stalls=st.booleans())
    def a_worker_changes(self, which: int, stalls: bool) -> None:
        name = sorted(self.stalled)[which % len(self.stalled)]
        self.stalled[name] = stalls

    @rule(reachable=st.sampled_from([True, False, None]), replaced=st.booleans())
    def reconcile(self, reachable: bool | None, replaced: bool) -> None:
        healing = heal(evidence_of(self._snapshot(reachable)))
        assert reachable is True or not healing.evictions
        assert all(self.stalled[order.pod] for order in healing.evictions)
        gone = [order.pod for order in healing.evictions]
        in_flight = [one for one in healing.restarts.recent if one.recovered is None]
        assert len(in_flight) <= 2
        before = [one for one in healing.restarts.recent if one.pod not in gone]
        if healing.evictions and not any(one.recovered for one in before):
            assert not [one for one in before if one.recovered is None], "a second canary"
        self.status = RestartsStatus.model_validate_json(healing.restarts.model_dump_json())
        for order in healing.evictions:
            self.evictions.append(self.now)
            if replaced:
                self._replace(order.pod)

    @precondition(lambda self: self.evictions)
    @invariant()
    def the_budget_holds(self) -> None:
        window = timedelta(seconds=120)
        for last in self.evictions:
            assert sum(last - window < made <= last for made in self.evictions) <= 3

    @invariant()
    def the_count_is_true(self) -> None:
        assert self.status.total == len(self.evictions)

    def _replace(self, name: str) -> None:
        del self.stalled[name], self.made[name]
        self.number += 1
        self.stalled[f"new-{self.number}"] = False
        self.made[f"new-{self.number}"] = self.now + timedelta(seconds=1)

    def _snapshot(self, reachable: bool | None) -> Snapshot:
        pods = tuple(
            replace(stalled_pod(name) if is_stalled else pod(name), created_at=self.made[name])
            for name, is_stalled in self.stalled.items()
        )
        previous = CeleryDeploymentStatus(observed_generation=GENERATION, restarts=self.status)
        changes = {**WAITING, **GROUP}
        changes["broker"] = replace(changes["broker"], reachable=reachable)
        return snapshot(now=self.now.astimezone(UTC), pods=pods, previous=previous, **changes)


TestFleet = Fleet.TestCase
TestFleet.settings = settings(stateful_step_count=40)
