"""A rollout whose new pods do not work: what stays, what the status says, and how kstatus reads it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest

from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.health import HealthState
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import CeleryDeploymentStatus, ConditionType
from celery_operator.decide import decide
from celery_operator.decide.evidence.groups import LATE_AFTER
from celery_operator.snapshot import ContainerFailure, PodState
from tests.unit.decide.build import broker, deployment, fault, snapshot
from tests.unit.decide.conditions.tables import OLD_GENERATION, SUSPENDED, A, B
from tests.unit.decide.pods import NOT_REACHED, NOW, pod

ROLLING = deployment(replicas=3, updated=1, ready=2)
STOPPED = replace(ROLLING, rollout_stopped=True, failure="ReplicaSet has timed out progressing.")


def new_pod(reason: WorkerReason, age: timedelta) -> PodState:
    """A third pod, made from the new template."""
    return replace(
        pod("shop-default-new", reason, sidecar_broker=NOT_REACHED),
        container_started_at=NOW - age,
        created_at=NOW - age,
        ready=False,
    )


def status(*pods: PodState, **changes: Any) -> CeleryDeploymentStatus:
    return decide(snapshot(pods=(A, B, *pods), **changes)).status


def condition(of: CeleryDeploymentStatus, kind: ConditionType) -> tuple[str, str, str]:
    (found,) = (one for one in of.conditions if one.type == kind)
    return found.status, found.reason, found.message


def test_a_new_pod_that_does_not_reach_the_broker_is_named_while_the_earlier_ones_work() -> None:
    seen = status(new_pod(WorkerReason.CONNECTING, LATE_AFTER), deployments=(ROLLING,))
    assert seen.health is HealthState.DEGRADED
    for kind in (ConditionType.WORKERS_HEALTHY, ConditionType.READY):
        state, reason, message = condition(seen, kind)
        assert (state, reason) == ("False", WorkerReason.CONNECTING)
        assert "shop-default-new" in message
    assert seen.workers[0].consuming_replicas == 2
    assert condition(seen, ConditionType.RECONCILING)[:2] == ("True", StateReason.ROLLOUT_IN_PROGRESS)


def test_a_wrong_password_in_a_changed_secret_is_no_outage_while_the_earlier_pods_consume() -> None:
    wrong = broker(False, BrokerReason.AUTHENTICATION_FAILED, "redis://redis:6379/0 refuses the password.")
    seen = status(new_pod(WorkerReason.CONNECTING, LATE_AFTER), deployments=(ROLLING,), broker=wrong)
    assert seen.health is HealthState.DEGRADED
    assert condition(seen, ConditionType.BROKER_REACHABLE)[1] == StateReason.REACHABLE_BY_WORKERS_ONLY
    assert "shop-default-new" in condition(seen, ConditionType.WORKERS_HEALTHY)[2]
    assert "refuses the password" in seen.message


@pytest.mark.parametrize("reason", [WorkerReason.CONNECTING, WorkerReason.STARTING])
def test_a_new_pod_has_time_to_begin(reason: WorkerReason) -> None:
    seen = status(new_pod(reason, LATE_AFTER - timedelta(seconds=1)), deployments=(ROLLING,))
    assert seen.health is HealthState.HEALTHY
    assert condition(seen, ConditionType.READY)[:2] == ("False", StateReason.ROLLOUT_IN_PROGRESS)


def test_a_surplus_pod_without_a_rollout_is_no_news() -> None:
    seen = status(
        new_pod(WorkerReason.CONNECTING, LATE_AFTER), deployments=(deployment(replicas=3, updated=3),)
    )
    assert condition(seen, ConditionType.WORKERS_HEALTHY)[0] == "True"


def test_a_rollout_that_has_stopped_is_stalled_and_says_what_goes_on() -> None:
    seen = status(new_pod(WorkerReason.CONNECTING, LATE_AFTER), deployments=(STOPPED,))
    state, reason, message = condition(seen, ConditionType.STALLED)
    assert (state, reason) == ("True", PodReason.ROLLOUT_STOPPED)
    assert "shop-default" in message
    assert "2 earlier pods" in message
    assert condition(seen, ConditionType.RECONCILING)[0] == "False"
    assert any("describe pods" in one.command for one in seen.recommendations)
    assert seen.health is HealthState.DEGRADED


def test_a_first_rollout_that_has_stopped_names_no_earlier_pods() -> None:
    first = replace(STOPPED, replicas=2, updated=2, ready=0)
    seen = decide(snapshot(deployments=(first,), pods=(new_pod(WorkerReason.CONNECTING, LATE_AFTER),))).status
    assert "earlier" not in condition(seen, ConditionType.STALLED)[2]


@pytest.mark.parametrize(
    "line",
    [
        "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root",
        "container has runAsNonRoot and image will run as root",
        "container's runAsUser breaks non-root policy",
    ],
)
def test_a_user_that_the_kubelet_refuses_is_named_with_what_to_write(line: str) -> None:
    failure = ContainerFailure("worker", "CreateContainerConfigError", line)
    broken = replace(
        new_pod(WorkerReason.STARTING, LATE_AFTER), reading=None, phase="Pending", container_failure=failure
    )
    seen = status(broken, deployments=(ROLLING,))
    assert condition(seen, ConditionType.WORKERS_HEALTHY)[1] == PodReason.USER_NOT_ALLOWED
    assert any("spec.runAsUser" in one.message for one in seen.recommendations)


def kstatus(of: Mapping[str, Any], generation: int) -> Literal["Current", "InProgress", "Failed"]:
    """As kstatus computes it for a resource that it does not know (cli-utils, pkg/kstatus/status)."""
    if of.get("observedGeneration", generation) != generation:
        return "InProgress"
    conditions = {one["type"]: one["status"] for one in of.get("conditions", ())}
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    if conditions.get("Ready") in {"False", "Unknown"}:
        return "InProgress"
    return "Current"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Current"),
        (SUSPENDED, "Current"),
        ({"deployments": (ROLLING,)}, "InProgress"),
        ({"deployments": (STOPPED,)}, "Failed"),
        ({"faults": (fault(),)}, "Failed"),
        ({"faults": (fault(waiting=True),)}, "InProgress"),
        ({"previous": OLD_GENERATION}, "InProgress"),
        ({"pods": (A,)}, "InProgress"),
    ],
)
def test_kstatus_sees_the_same(changes: dict[str, Any], expected: str) -> None:
    one = snapshot(**changes)
    assert kstatus(decide(one).status.wire(), one.generation) == expected


def test_kstatus_waits_for_the_operator_to_see_a_new_generation() -> None:
    one = snapshot()
    assert kstatus(decide(one).status.wire(), one.generation + 1) == "InProgress"
