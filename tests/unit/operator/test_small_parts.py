"""Token, ownership, status patch and the status of an unreadable spec."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from celery_health.catalogue.health import HealthState
from celery_operator.act.status import patch
from celery_operator.api import names
from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.api.status import CeleryDeploymentStatus, ConditionType, QueueStatus
from celery_operator.decide.without_decision import failing, unreadable
from celery_operator.generated_values import GeneratedValues
from celery_operator.kube import KubeError
from celery_operator.process.repeat import problem_of
from celery_operator.resources.object_faults import MESSAGE_LIMIT, name_taken, not_built, refused
from celery_operator.resources.ownership import is_owned, may_delete

OURS = {names.LABEL_MANAGED_BY: names.MANAGED_BY}
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def owned_object(uid: str, **metadata: Any) -> dict[str, Any]:
    owner = {"kind": names.KIND, "name": "shop", "uid": uid, "controller": True}
    return {
        "metadata": {"name": "shop-a", "namespace": "ns", "labels": OURS, "ownerReferences": [owner]}
        | metadata
    }


def secret(token: str, uid: str = "1") -> dict[str, Any]:
    return {**owned_object(uid), "data": {names.TOKEN_KEY: b64encode(token.encode()).decode()}}


def values() -> GeneratedValues:
    return GeneratedValues("1", [names.TOKEN_KEY])


def test_a_token_is_made_once_and_read_from_the_secret_when_there_is_one() -> None:
    token = values()

    made = token.of(None)

    assert len(made[names.TOKEN_KEY]) >= 40
    assert token.of(None) == made
    assert token.of(secret("stored")) == {names.TOKEN_KEY: "stored"}
    assert token.of(None) == {names.TOKEN_KEY: "stored"}


@pytest.mark.parametrize("broken", [{}, {names.TOKEN_KEY: ""}, {names.TOKEN_KEY: "%"}])
def test_a_secret_that_lost_its_token_gets_the_remembered_one_back(broken: dict[str, str]) -> None:
    token = values()
    token.of(secret("stored"))

    assert token.of({**owned_object("1"), "data": broken}) == {names.TOKEN_KEY: "stored"}


def test_a_token_is_never_taken_from_a_secret_that_is_not_ours() -> None:
    assert values().of(secret("theirs", uid="2")) != {names.TOKEN_KEY: "theirs"}


def test_a_key_that_a_later_release_adds_is_made_and_the_others_are_kept() -> None:
    both = GeneratedValues("1", [names.TOKEN_KEY, names.PUSH_TOKEN_KEY]).of(secret("stored"))

    assert both[names.TOKEN_KEY] == "stored"
    assert len(both[names.PUSH_TOKEN_KEY]) >= 40


def test_only_an_owned_and_labelled_object_that_is_not_being_deleted_may_be_deleted() -> None:
    assert may_delete(owned_object("1"), "1")
    assert not may_delete(owned_object("2"), "1")
    assert not may_delete(owned_object("1", labels={}), "1")
    assert not may_delete(owned_object("1", deletionTimestamp="now"), "1")
    assert not is_owned({"metadata": {}}, "1")
    another_owner = [{"kind": names.KIND, "name": "shop", "uid": "1"}]
    assert not may_delete(owned_object("1", ownerReferences=another_owner), "1"), (
        "it does not control the object"
    )


def test_an_owned_object_of_an_earlier_resource_of_the_same_name_is_not_a_foreign_one() -> None:
    assert "is being deleted" in name_taken("Deployment", owned_object("2"), "shop").message
    assert (
        "does not belong to this CeleryDeployment"
        in name_taken("Deployment", owned_object("2", ownerReferences=[]), "shop").message
    )


def test_the_servers_words_are_shortened_and_lose_their_secrets() -> None:
    fault = refused("Deployment", "shop-a", "bad value redis://:hunter2@broker/0\n" + "x" * 9000)

    assert "hunter2" not in fault.message
    assert "\n" not in fault.message
    assert len(fault.message) < MESSAGE_LIMIT + 100
    assert not fault.waiting


def test_a_status_patch_takes_away_what_is_no_longer_known() -> None:
    status = CeleryDeploymentStatus(queues=(QueueStatus(name="email"),))

    body = patch("1", status)

    assert body["metadata"] == {"uid": "1"}
    assert body["status"]["backlog"] is None
    assert body["status"]["queues"] == [{"name": "email"}]


def test_an_unreadable_spec_is_stalled_and_says_which_field_to_correct() -> None:
    with pytest.raises(ValidationError) as error:
        CeleryDeploymentSpec.model_validate({"app": "a", "image": "i", "broker": {}, "workers": "many"})

    status = unreadable(CeleryDeploymentStatus(backlog=7), 3, error.value, NOW)

    conditions = {condition.type: condition for condition in status.conditions}
    assert conditions[ConditionType.STALLED].status == "True"
    assert conditions[ConditionType.READY].status == "False"
    assert "spec.workers" in status.message
    assert (status.health, status.backlog, status.observed_generation) == (HealthState.UNKNOWN, 7, 3)
    assert unreadable(status, 3, error.value, datetime.now(UTC)) == status


def test_a_reconcile_that_fails_makes_the_resource_neither_ready_nor_healthy() -> None:
    ready: dict[str, Any] = {"type": "Ready", "status": "True", "reason": "Ready", "message": "x"}
    ready |= {"lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 2}
    before = CeleryDeploymentStatus.model_validate(
        {"observedGeneration": 2, "health": "Healthy", "backlog": 7, "conditions": [ready]}
    )

    status = failing(before, 3, "it took too long", NOW)

    (condition,) = status.conditions
    assert (condition.status, condition.reason) == ("Unknown", "ReconcileFailed")
    assert "it took too long" in condition.message
    assert (status.health, status.backlog, status.observed_generation) == (HealthState.UNKNOWN, 7, 2)
    assert failing(status, 3, "it took too long", datetime.now(UTC)) == status


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (KubeError("redis://:hunter2@broker is refused.", 500), "redis://***@broker is refused"),
        (TimeoutError(), "it took too long"),
        (OverflowError("hunter2"), "an unexpected OverflowError, which the operator's log shows"),
    ],
)
def test_a_problem_quotes_no_secret(error: Exception, problem: str) -> None:
    assert problem_of(error) == problem


def test_objects_that_the_operator_fails_to_apply_are_a_fault_that_may_clear_by_itself() -> None:
    fault = not_built("an unexpected TypeError")
    assert (fault.reason, fault.waiting) == ("ObjectsNotApplied", True)
    assert "an unexpected TypeError" in fault.message
