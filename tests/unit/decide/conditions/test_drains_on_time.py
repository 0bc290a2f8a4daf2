"""DrainsOnTime: what a pod that should have gone does to the status."""

from dataclasses import replace
from typing import Any

import pytest

from celery_health.catalogue.health import HealthState
from celery_operator.api.status import ConditionType
from celery_operator.decide import decide
from celery_operator.snapshot import PodState, ReconcileMemory
from tests.unit.decide.build import deployment, snapshot, spec
from tests.unit.decide.pods import pod, silent_pod

SUSPENDED = spec(
    suspend=True,
    workers=[{"name": "default", "replicas": 1, "drainTimeoutSeconds": 60, "gracePeriodSeconds": 30}],
)
LEAVING = replace(pod(), deleting=True)


def suspended(one: PodState, seconds: float) -> dict[str, Any]:
    """A suspended resource with a pod that was chosen to drain this long ago."""
    memory = ReconcileMemory(chosen={one.uid: 1000.0})
    return {
        "spec": SUSPENDED,
        "deployments": (deployment(1),),
        "pods": (one,),
        "memory": memory,
        "mono": 1000.0 + seconds,
    }


@pytest.mark.parametrize(
    "one", [pod(), silent_pod(), LEAVING], ids=["consumes", "silent", "is being deleted"]
)
def test_a_pod_that_should_have_gone_makes_it_false_whatever_is_seen_of_the_pod(one: PodState) -> None:
    for seconds, status in ((150.0, "True"), (151.0, "False")):
        found = decide(snapshot(**suspended(one, seconds))).status
        condition = next(each for each in found.conditions if each.type == ConditionType.DRAINS_ON_TIME)
        assert condition.status == status
    assert condition.reason == "DrainOverdue"
    assert condition.message == f"Pod {one.name} drains and should have been gone for 1 min."
    assert found.health is HealthState.DEGRADED
    assert any("what keeps the pod" in advice.message for advice in found.recommendations)


def test_an_event_announces_it() -> None:
    decision = decide(snapshot(**suspended(LEAVING, 151.0)))
    assert ("Warning", "DrainOverdue") in [(note.type, note.reason) for note in decision.events]


def test_without_a_drain_it_is_true() -> None:
    found = decide(snapshot()).status
    (condition,) = (each for each in found.conditions if each.type == ConditionType.DRAINS_ON_TIME)
    assert (condition.status, condition.reason) == ("True", "NoDrainOverdue")
