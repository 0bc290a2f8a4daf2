"""The status as it goes to the API server and comes back."""

from celery_health.catalogue.health import HealthState
from celery_operator.api.status import CeleryDeploymentStatus, QueueStatus, ScalingStatus, WorkerGroupStatus


def test_a_status_goes_out_in_camel_case_without_nulls() -> None:
    status = CeleryDeploymentStatus(
        health=HealthState.HEALTHY, ready_replicas=2, queues=(QueueStatus(name="email"),)
    )
    wire = status.wire()
    assert wire["readyReplicas"] == 2
    assert wire["queues"] == [{"name": "email"}]
    assert "backlog" not in wire
    assert CeleryDeploymentStatus.read(wire) == status


def test_a_group_shows_its_last_change() -> None:
    change = ScalingStatus(message="0 -> 3: 30 ready", at="2026-01-01T00:00:00Z", arrival_per_second=2.5)
    group = WorkerGroupStatus(
        name="default",
        replicas=0,
        updated_replicas=0,
        ready_replicas=0,
        consuming_replicas=0,
        desired_replicas=3,
        scaling=change,
    )
    wire = group.wire()
    assert (wire["desiredReplicas"], wire["draining"]) == (3, 0)
    assert wire["scaling"] == {
        "message": "0 -> 3: 30 ready",
        "at": "2026-01-01T00:00:00Z",
        "arrivalPerSecond": 2.5,
    }
    assert WorkerGroupStatus.model_validate(wire) == group


def test_a_group_of_a_version_that_did_not_scale_can_be_read() -> None:
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "consumingReplicas"), 2)
    group = CeleryDeploymentStatus.read({"workers": [{"name": "default", **counts}]}).workers[0]
    assert (group.desired_replicas, group.draining, group.scaling) == (None, 0, None)


def test_a_resource_without_a_status_has_an_unknown_one() -> None:
    assert CeleryDeploymentStatus.read(None) == CeleryDeploymentStatus()
    assert CeleryDeploymentStatus.read(None).health is HealthState.UNKNOWN


def test_a_status_with_the_words_of_another_version_counts_as_none() -> None:
    assert CeleryDeploymentStatus.read({"health": "Splendid"}) == CeleryDeploymentStatus()
