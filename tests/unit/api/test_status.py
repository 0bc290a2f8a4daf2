"""The status as it goes to the API server and comes back."""

from typing import Any

import pytest

from celery_health.catalogue.health import HealthState
from celery_operator.api.status import CeleryDeploymentStatus, QueueStatus, ScalingStatus, WorkerGroupStatus


def condition(kind: str) -> dict[str, Any]:
    text = dict.fromkeys(("status", "reason", "message"), "True")
    return {"type": kind, **text, "observedGeneration": 2, "lastTransitionTime": "2026-01-01T00:00:00Z"}


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


def test_what_another_version_wrote_is_left_out_and_all_else_is_kept() -> None:
    ready = condition("Ready")
    stored: dict[str, Any] = {
        "health": "Splendid",
        "backlog": 7,
        "conditions": [condition("Fresh"), ready, condition("Novel"), {"type": "Stalled"}],
        "restarts": {"total": 9},
    }
    found = CeleryDeploymentStatus.read(stored)
    assert (found.health, found.backlog, found.restarts.total) == (HealthState.UNKNOWN, 7, 9)
    assert found.wire()["conditions"] == [ready]
    assert len(stored["conditions"]) == 4
    assert CeleryDeploymentStatus.read({"conditions": "none", "workers": {}}) == CeleryDeploymentStatus()
    not_an_object: Any = ["none"]
    assert CeleryDeploymentStatus.read(not_an_object) == CeleryDeploymentStatus()


@pytest.mark.parametrize("edited", ["", "yesterday", "2026-01-01T00:00:00", "0001-01-01T00:00:00+05:00", 5])
def test_an_entry_with_a_time_that_is_none_is_left_out(edited: object) -> None:
    until = "2026-01-01T00:00:00Z"
    restart = {"pod": "shop-a", "group": "default", "reason": "WorkerStalled"}
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "consumingReplicas"), 2)
    stored = {
        "restarts": {"recent": [{**restart, "at": edited}, {**restart, "at": until}]},
        "quarantine": [
            {"id": one, "name": "shop.pay", "until": at} for one, at in (("a", edited), ("b", until))
        ],
        "workers": [{"name": "default", **counts, "usage": {"concurrency": 2, "at": "yesterday"}}],
        "conditions": [{**condition("Ready"), "lastTransitionTime": edited}],
    }
    found = CeleryDeploymentStatus.read(stored)
    assert [one.at for one in found.restarts.recent] == [until]
    assert [task.id for task in found.quarantine] == ["b"]
    assert [(group.name, group.usage) for group in found.workers] == [("default", None)]
    assert found.conditions == ()
