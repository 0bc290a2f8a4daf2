"""The managed Redis starts once: that is a stage, and no fault."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.health import HealthState
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import CeleryDeploymentStatus, ConditionType
from celery_operator.decide import Decision, decide
from celery_operator.snapshot import ReconcileMemory
from tests.unit.decide.build import broker, deployment, fault, snapshot, spec, status_of
from tests.unit.decide.pods import NOT_REACHED, NOW, pod

MANAGED = spec(broker={"managed": {}})
UNKNOWN_NAME = broker(False, BrokerReason.NAME_NOT_RESOLVED, "The host name shop-redis does not resolve.")
NEW: dict[str, Any] = {
    "spec": MANAGED,
    "broker": UNKNOWN_NAME,
    "pods": (pod("a", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED),),
    "previous": CeleryDeploymentStatus(),
}
REDIS = replace(deployment(1, group=None, name="shop-redis"), component="redis")


def decided(**changes: Any) -> Decision:
    return decide(snapshot(**{**NEW, **changes}))


def created(seconds: float, **changes: Any) -> dict[str, Any]:
    redis = replace(REDIS, created_at=NOW - timedelta(seconds=seconds), **changes)
    return {"deployments": (deployment(), redis)}


def broker_reason(decision: Decision) -> str:
    [condition] = [one for one in decision.status.conditions if one.type is ConditionType.BROKER_REACHABLE]
    assert condition.status == "False"
    return condition.reason


@pytest.mark.parametrize(
    "changes",
    [{}, created(1, ready=0), created(119)],
    ids=["none", "new", "ready"],
)
def test_a_managed_redis_that_starts_is_a_stage_without_a_warning(changes: dict[str, Any]) -> None:
    decision = decided(**changes)
    assert broker_reason(decision) == StateReason.MANAGED_REDIS_STARTING
    assert "starting" in decision.status.message
    assert decision.events == ()
    assert decision.status.recommendations == ()
    assert decision.status.health is HealthState.UNHEALTHY

    still = decided(**changes, previous=decision.status)
    assert broker_reason(still) == StateReason.MANAGED_REDIS_STARTING

    up = decide(snapshot(spec=MANAGED, previous=decision.status))
    assert [event.reason for event in up.events] == ["Ready"]


@pytest.mark.parametrize(
    "changes",
    [
        created(121),
        created(1, failure="exceeded quota"),
        {"memory": ReconcileMemory(faults=(fault(),))},
        {"spec": spec()},
        {"previous": status_of()},
    ],
    ids=["late", "refused", "not applied", "of others", "was there"],
)
def test_any_other_broker_that_does_not_answer_is_a_fault(changes: dict[str, Any]) -> None:
    decision = decided(**changes)
    assert broker_reason(decision) == BrokerReason.NAME_NOT_RESOLVED
    assert "BrokerNameNotResolved" in [event.reason for event in decision.events if event.type == "Warning"]


def test_a_start_that_takes_too_long_becomes_a_fault() -> None:
    starting = decided(**created(100, ready=0)).status
    late = decided(**created(125, ready=0), previous=starting)
    assert [event.reason for event in late.events] == ["BrokerNameNotResolved"]
