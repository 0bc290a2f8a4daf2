"""How many pods a group should have, in its status and in Events."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from celery_health.catalogue.health import HealthState
from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.names import ANNOTATION_PAUSE_SCALE_OUT
from celery_operator.api.status import ConditionType
from celery_operator.decide import Decision, decide
from celery_operator.snapshot import ContainerFailure, PodState, SidecarReading
from tests.unit.decide.build import (
    broker,
    condition_of,
    deployment,
    evidence_of,
    load,
    scaled,
    snapshot,
    spec,
)
from tests.unit.decide.pods import NOW, pending_pod, pod, reading, silent_pod


def replace_verdict(one: SidecarReading, **changes: Any) -> SidecarReading:
    return replace(one, verdict=replace(one.verdict, **changes))


def decided(**changes: Any) -> Decision:
    return decide(snapshot(**changes))


def desired(**changes: Any) -> int:
    (group,) = evidence_of(snapshot(**changes)).groups
    return group.desired


def test_a_group_that_follows_its_load_grows_at_once_and_says_why() -> None:
    decision = decided(**scaled(2, waiting=40))
    (group,) = decision.status.workers
    assert group.desired_replicas == decision.actions["default"].replicas == 4
    assert group.scaling is not None
    assert group.scaling.message.startswith("2 -> 4: 40 ready")
    assert group.scaling.ready == 40
    assert ("ScaledOut", f"Group default: {group.scaling.message}") in [
        (note.reason, note.message) for note in decision.events
    ]


def test_the_last_change_is_shown_until_the_next() -> None:
    grown = decided(**scaled(2, waiting=40)).status
    again = decided(**{**scaled(4, waiting=40), "previous": grown})
    assert again.status.workers[0].scaling == grown.workers[0].scaling
    assert not [note for note in again.events if note.reason == "ScaledOut"]


def test_desired_replicas_outlive_the_operator_and_come_from_the_deployment_after_that() -> None:
    blind = {**scaled(4, waiting=None), "loads": {}}
    assert desired(**blind) == 4
    new = {**blind, "previous": snapshot().previous, "deployments": (deployment(3),)}
    assert desired(**new) == 3
    assert desired(**{**new, "deployments": ()}) == 0


def test_a_suspended_group_has_none_whatever_waits() -> None:
    changes = scaled(2, waiting=40)
    suspended = changes["spec"].model_copy(update={"suspend": True})
    decision = decided(**{**changes, "spec": suspended})
    assert decision.status.workers[0].desired_replicas == 0
    assert not decision.histories


def test_spec_replicas_move_a_group_without_autoscaling() -> None:
    assert desired(spec=spec(replicas=5)) == 5


def test_the_next_decision_gets_the_history_of_this_one() -> None:
    decision = decided(**scaled(2, waiting=40))
    assert decision.histories["default"].recommendations[-1] == (1000.0, 4)


@pytest.mark.parametrize("one", [pending_pod(), pod(reason=WorkerReason.CONNECTING)])
def test_pods_that_the_load_has_just_required_do_not_make_the_resource_unhealthy(one: PodState) -> None:
    changes = {**scaled(0, waiting=40), "deployments": (deployment(4, ready=0),)}
    changes["pods"] = (replace(one, created_at=snapshot().now),)
    decision = decided(**changes)
    assert decision.status.health is HealthState.HEALTHY
    condition = condition_of(ConditionType.WORKERS_HEALTHY, **changes)
    assert (condition.status, condition.reason) == ("True", "Starting")


def test_pods_that_do_not_come_in_time_are_missing() -> None:
    changes = {**scaled(0, waiting=40), "deployments": (deployment(4, ready=0),)}
    changes["pods"] = tuple(pending_pod(f"shop-default-{number}") for number in range(4))
    assert decided(**changes).status.health is HealthState.UNHEALTHY


def starting_pods(seconds: float, **changes: Any) -> tuple[PodState, ...]:
    """Four pods, created long ago, whose containers have been starting for a number of seconds."""
    started = {"container_started_at": NOW - timedelta(seconds=seconds), **changes}
    return tuple(replace(silent_pod(f"shop-default-{number}"), ready=False, **started) for number in range(4))


STARTING_READINGS = [
    pytest.param(None, id="its sidecar is silent"),
    pytest.param(reading(WorkerReason.STARTING), id="it loads the application"),
    pytest.param(
        replace_verdict(reading(WorkerReason.WEDGED), started=False), id="its agent is out of breath"
    ),
    pytest.param(reading(WorkerReason.CONNECTING), id="it connects"),
]


@pytest.mark.parametrize("read", STARTING_READINGS)
def test_pods_that_start_slowly_do_not_take_ready_away(read: SidecarReading | None) -> None:
    changes = {**scaled(0, waiting=40), "deployments": (deployment(4, ready=0),)}
    within = {**changes, "pods": starting_pods(299, reading=read)}
    assert condition_of(ConditionType.READY, **within).status == "True"
    assert decided(**within).status.health is HealthState.HEALTHY
    late = {**changes, "pods": starting_pods(301, reading=read)}
    assert condition_of(ConditionType.READY, **late).status != "True"
    again = {**changes, "pods": starting_pods(10, reading=read, restarts=1)}
    assert condition_of(ConditionType.READY, **again).status != "True"


def test_the_startup_probe_of_the_user_counts() -> None:
    changes = {**scaled(0, waiting=40), "deployments": (deployment(4, ready=0, startup_seconds=900.0),)}
    changes["pods"] = starting_pods(899)
    assert condition_of(ConditionType.READY, **changes).status == "True"


def test_a_pod_without_a_node_is_missing_soon() -> None:
    refused = ContainerFailure("", "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.")
    changes = {**scaled(0, waiting=40), "deployments": (deployment(4, ready=0),)}
    for seconds, failure, status in ((14, refused, "True"), (16, refused, "False"), (59, None, "True")):
        pods = starting_pods(
            0, container_started_at=None, scheduled=False, phase="Pending", container_failure=failure
        )
        created = NOW - timedelta(seconds=seconds)
        changes["pods"] = tuple(replace(one, created_at=created) for one in pods)
        assert condition_of(ConditionType.READY, **changes).status == status
    assert (
        condition_of(ConditionType.READY, **{**changes, "now": NOW + timedelta(seconds=2)}).status == "False"
    )


def test_a_deployment_whose_status_lags_behind_its_pods_is_no_rollout() -> None:
    behind = deployment(4, ready=0, replicas=0, updated=0, generation=2)
    changes = {**scaled(0, waiting=40), "deployments": (behind,), "pods": starting_pods(5)}
    assert condition_of(ConditionType.READY, **changes).status == "True"


def test_a_new_template_in_a_group_that_has_grown_is_a_rollout() -> None:
    rolling = deployment(4, replicas=5, updated=1)
    changes = {**scaled(4, waiting=40), "deployments": (rolling,)}
    assert condition_of(ConditionType.READY, **changes).reason == "RolloutInProgress"


def test_pods_that_the_cluster_refuses_are_missing() -> None:
    refused = deployment(4, ready=0, replicas=0, updated=0, failure="exceeded quota")
    assert (
        decided(**{**scaled(0, waiting=40), "deployments": (refused,)}).status.health is HealthState.UNHEALTHY
    )


def test_messages_at_zero_wait_for_a_group_that_wakes() -> None:
    below = {**scaled(0, waiting=3, activationBacklog=5)}
    assert condition_of(ConditionType.BACKLOG_WITHIN_LIMITS, **below).status == "True"
    paused = {**scaled(0, waiting=3), "annotations": {ANNOTATION_PAUSE_SCALE_OUT: "true"}}
    assert condition_of(ConditionType.BACKLOG_WITHIN_LIMITS, **paused).reason == "NoWorkersDesired"


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({}, "True", "NotConfigured"),
        (scaled(2, waiting=20), "True", "FollowsLoad"),
        (scaled(2, waiting=400), "True", "AtMaxReplicas"),
        ({**scaled(2), "annotations": {ANNOTATION_PAUSE_SCALE_OUT: "true"}}, "False", "ScalingPaused"),
        (
            {**scaled(2), "loads": {"default": load(None)}, "broker": broker(celery=None)},
            "False",
            "BrokerUnreadable",
        ),
        ({**scaled(2), "loads": {}}, "Unknown", "NotRead"),
        ({**scaled(2), "spec": scaled()["spec"].model_copy(update={"suspend": True})}, "True", "Suspended"),
    ],
)
def test_scaling_active_follows_the_evidence(changes: dict[str, Any], status: str, reason: str) -> None:
    condition = condition_of(ConditionType.SCALING_ACTIVE, **changes)
    assert (condition.status, condition.reason) == (status, reason), condition.message


def test_a_schedule_that_cannot_be_kept_stalls_and_the_others_count() -> None:
    window = {"start": "0 0 * * *", "end": "59 23 * * *", "minReplicas": 3}
    changes = scaled(2, schedule=[{**window, "timeZone": "Europe/Berln"}, window])
    condition = condition_of(ConditionType.STALLED, **changes)
    assert (condition.status, condition.reason) == ("True", "ScheduleInvalid")
    assert "Europe/Berlin" in condition.message
    assert desired(**changes) == 3
