"""When a resource is ready, and the reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import ConditionType
from celery_operator.snapshot import ReconcileMemory
from tests.unit.decide.build import (
    NOT_READ,
    REFUSED,
    UNREADABLE,
    condition_of,
    deployment,
    fault,
    scaled,
    spec,
)
from tests.unit.decide.conditions.tables import OLD_GENERATION, SUSPENDED, A, B, Row, cases
from tests.unit.decide.pods import NOT_REACHED, NOW, pod, silent_pod


def starting(seconds: float, **rules: Any) -> dict[str, Any]:
    """Of four that autoscaling wants two consume, and two have been starting for so long."""
    new = [
        replace(pod(name, WorkerReason.STARTING), created_at=NOW - timedelta(seconds=seconds))
        for name in "cd"
    ]
    return {**scaled(4, 4, maxReplicas=4, **rules), "pods": (A, B, *new)}


UNSEEN_MORE = {**scaled(2, 300), "deployments": (deployment(6, replicas=2, updated=2, generation=2),)}
UNSEEN_FEWER = {"deployments": (deployment(2, replicas=3, updated=3, generation=2),)}

FAILING = {"memory": ReconcileMemory(problem="it took too long")}

READY: list[Row] = [
    ("all desired workers consume", {}, "True", StateReason.READY),
    ("the deployment is suspended", SUSPENDED, "True", StateReason.SUSPENDED),
    (
        "every group is at zero",
        {"spec": spec(replicas=0), "deployments": (deployment(0),), "pods": ()},
        "True",
        StateReason.SCALED_TO_ZERO,
    ),
    ("the reconcile fails again and again", FAILING, "Unknown", StateReason.RECONCILE_FAILED),
    (
        "the reconcile fails, and the broker is unreachable",
        {"broker": REFUSED, "pods": (pod("a", sidecar_broker=NOT_REACHED),), **FAILING},
        "False",
        FleetReason.BROKER_UNREACHABLE,
    ),
    ("the kind of broker cannot be read", {"broker": UNREADABLE}, "True", StateReason.READY),
    (
        "the broker is unreachable",
        {"broker": REFUSED, "pods": (pod("a", sidecar_broker=NOT_REACHED),)},
        "False",
        FleetReason.BROKER_UNREACHABLE,
    ),
    ("the spec has just changed", {"previous": OLD_GENERATION}, "False", StateReason.NEW_GENERATION),
    ("a worker is missing", {"pods": (A,)}, "False", WorkerReason.STARTING),
    (
        "old pods consume and the rollout is under way",
        {"deployments": (deployment(updated=1, replicas=3),)},
        "False",
        StateReason.ROLLOUT_IN_PROGRESS,
    ),
    (
        "the Deployment controller has not seen the new template",
        {"deployments": (deployment(generation=2),)},
        "False",
        StateReason.ROLLOUT_IN_PROGRESS,
    ),
    ("the spec cannot be carried out", {"faults": (fault(),)}, "False", "BrokerUrlInvalid"),
    ("a Secret is not there yet", {"faults": (fault(waiting=True),)}, "False", "BrokerUrlInvalid"),
    (
        "the sidecars cannot be asked",
        {"pods": (A, silent_pod("b"))},
        "Unknown",
        PodReason.SIDECAR_UNREACHABLE,
    ),
    ("the broker has not been read", {"broker": NOT_READ}, "Unknown", BrokerReason.NOT_READ),
    (
        "only the workers reach the broker",
        {"broker": REFUSED},
        "Unknown",
        StateReason.REACHABLE_BY_WORKERS_ONLY,
    ),
    (
        "all workers drain",
        {"pods": (pod("a", WorkerReason.DRAINING), pod("b", WorkerReason.DRAINING))},
        "False",
        StateReason.ALL_DRAINING,
    ),
    (
        "a surplus worker drains",
        {"pods": (A, B, pod("c", WorkerReason.DRAINING)), "deployments": (deployment(3),)},
        "True",
        StateReason.READY,
    ),
    ("the load has just called for more", scaled(2, 300), "True", StateReason.READY),
    ("the Deployment controller has not seen that more are desired", UNSEEN_MORE, "True", StateReason.READY),
    (
        "the Deployment controller has not seen that fewer are desired",
        UNSEEN_FEWER,
        "True",
        StateReason.READY,
    ),
    ("those that the load called for start", starting(seconds=299), "True", StateReason.READY),
    ("those that the load called for do not start", starting(seconds=301), "False", WorkerReason.STARTING),
    ("those of minReplicas start", starting(seconds=1, minReplicas=4), "False", WorkerReason.STARTING),
    (
        "the cluster makes none of those that the load called for",
        {**scaled(2, 300), "deployments": (deployment(6, replicas=2, updated=2, failure="quota"),)},
        "False",
        PodReason.CREATION_REFUSED,
    ),
]


@pytest.mark.parametrize(("kind", "changes", "status", "reason"), cases({ConditionType.READY: READY}))
def test_ready_follows_the_evidence(
    kind: ConditionType, changes: dict[str, Any], status: str, reason: str
) -> None:
    condition = condition_of(kind, **changes)
    assert (condition.status, condition.reason) == (status, reason), condition.message


def test_a_pod_beside_those_that_are_desired_belongs_to_no_growth() -> None:
    new = replace(pod("new", WorkerReason.STARTING), created_at=NOW - timedelta(seconds=5))
    enough = scaled(4, 4, maxReplicas=4)
    condition = condition_of(ConditionType.WORKERS_HEALTHY, **{**enough, "pods": (*enough["pods"], new)})
    assert (condition.reason, condition.message) == (
        StateReason.ALL_CONSUMING,
        "4 of 4 desired workers are consuming.",
    )


def test_the_surplus_of_one_group_hides_no_worker_that_another_lacks() -> None:
    growing = scaled(2, 2, maxReplicas=2)
    other = {"name": "email", "replicas": 2}
    groups = [group.model_dump(by_alias=True, exclude_unset=True) for group in growing["spec"].workers]
    changes: dict[str, Any] = {
        **growing,
        "spec": spec(workers=[*groups, other]),
        "deployments": (deployment(2), deployment(2, group="email")),
        "pods": (A, *(pod(name, group="email") for name in "cde")),
    }
    for kind in (ConditionType.WORKERS_HEALTHY, ConditionType.READY):
        assert "3 of 4 " in condition_of(kind, **changes).message
