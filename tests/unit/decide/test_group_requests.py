"""What requests of the monitor change in the resource, and why one is refused."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from celery_health.wire.group_requests import GroupAction, GroupRequest
from celery_operator.api.names import ANNOTATION_MONITOR_REQUESTS as IDS
from celery_operator.api.names import ANNOTATION_PAUSE_HEALING as PAUSE
from celery_operator.api.names import ANNOTATION_RESTARTED_AT as RESTARTED
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.decide.group_requests import REMEMBERED, GroupChanges, group_changes

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
WORKERS = [{"name": "default", "replicas": 2}, {"name": "mail", "queues": ["mail"], "replicas": 1}]


def resource(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    written = {"app": "shop", "image": "shop:1", "broker": {"url": "redis://x/0"}, "workers": WORKERS, **spec}
    name = {"name": "shop", "namespace": "market"}
    metadata = {**name, "resourceVersion": "7", "annotations": annotations or {}}
    return {"metadata": metadata, "spec": copy.deepcopy(written)}


def request(action: str, group: str = "mail", replicas: int | None = None, number: int = 1) -> GroupRequest:
    return GroupRequest(id=f"{number:016x}", action=GroupAction(action), group=group, replicas=replicas)


def changes(one: dict[str, Any], *requests: GroupRequest) -> GroupChanges:
    return group_changes(one, CeleryDeploymentSpec.model_validate(one["spec"]), requests, NOW)


def annotations_of(found: GroupChanges) -> dict[str, Any]:
    """What is annotated, without the memory of ids."""
    assert found.patch is not None
    return {name: value for name, value in found.patch["metadata"]["annotations"].items() if name != IDS}


@pytest.mark.parametrize(
    ("action", "annotations"),
    [
        ("pause", {f"{PAUSE}.mail": "true"}),
        ("resume", {f"{PAUSE}.mail": None}),
        ("restart", {f"{RESTARTED}.mail": "2026-11-29T12:00:00Z"}),
    ],
)
def test_an_action_is_an_annotation_of_its_group(action: str, annotations: dict[str, Any]) -> None:
    found = changes(resource(), request(action))
    assert annotations_of(found) == annotations
    assert found.patch is not None
    assert "spec" not in found.patch
    assert [one.done for one in found.outcomes] == [True]


def test_the_scale_target_gets_the_number_that_kubectl_scale_writes() -> None:
    found = changes(resource(), request("scale", "default", 5))
    assert found.patch is not None
    assert found.patch["spec"] == {"replicas": 5}


def test_another_group_gets_a_number_of_its_own_and_nothing_else_changes() -> None:
    one = resource()
    found = changes(one, request("scale", "mail", 0))
    assert found.patch is not None
    assert found.patch["spec"] == {"workers": [WORKERS[0], {**WORKERS[1], "replicas": 0}]}
    assert one == resource()


def test_the_patch_fails_where_the_resource_has_changed_meanwhile() -> None:
    found = changes(resource(), request("restart"))
    assert found.patch is not None
    assert found.patch["metadata"]["resourceVersion"] == "7"


def test_a_request_that_was_carried_out_is_done_and_changes_nothing() -> None:
    first = changes(resource(), request("restart"))
    assert first.patch is not None
    ids = first.patch["metadata"]["annotations"][IDS]
    again = changes(resource({IDS: ids}), request("restart"), request("restart"))
    assert (again.patch, again.applied) == (None, frozenset())
    assert [one.done for one in again.outcomes] == [True, True]


def test_the_same_request_twice_in_one_answer_is_carried_out_once() -> None:
    found = changes(resource(), request("scale", "default", 3), request("scale", "default", 3))
    assert found.patch is not None
    assert found.patch["metadata"]["annotations"][IDS] == f"{1:016x}"


def test_the_memory_of_ids_is_bounded_and_keeps_the_newest() -> None:
    old = " ".join(f"{number:016x}" for number in range(100, 100 + REMEMBERED))
    found = changes(resource({IDS: old}), request("pause"))
    assert found.patch is not None
    ids = found.patch["metadata"]["annotations"][IDS].split()
    assert (len(ids), ids[-1]) == (REMEMBERED, f"{1:016x}")


@pytest.mark.parametrize(
    ("one", "asked", "words"),
    [
        (resource(), request("restart", "post"), "there are default and mail"),
        (resource(), request("pause", "../x"), "no worker group of this name"),
        (
            resource(workers=[{"name": "mail", "autoscaling": {"maxReplicas": 9}}]),
            request("scale", "mail", 5),
            "change minReplicas and maxReplicas",
        ),
        (resource(suspend=True), request("scale", "mail", 5), "spec.suspend to false"),
        (resource(suspend=True), request("restart"), "spec.suspend to false"),
        (resource({PAUSE: "true"}), request("resume"), "kubectl celery resume shop -n market"),
    ],
)
def test_a_request_is_refused_with_what_to_do_instead(
    one: dict[str, Any], asked: GroupRequest, words: str
) -> None:
    found = changes(one, asked)
    assert found.patch is None
    (outcome,) = found.outcomes
    assert (outcome.done, words in outcome.message) == (False, True), outcome.message
    assert asked.group == "mail" or asked.group not in outcome.message


def test_of_several_requests_each_has_its_outcome() -> None:
    asked = [request("pause", number=1), request("restart", "post", number=2), request("scale", "mail", 4, 3)]
    found = changes(resource(), *asked)
    assert [(one.id, one.done) for one in found.outcomes] == [
        (f"{1:016x}", True),
        (f"{2:016x}", False),
        (f"{3:016x}", True),
    ]
    assert found.applied == {f"{1:016x}", f"{3:016x}"}
