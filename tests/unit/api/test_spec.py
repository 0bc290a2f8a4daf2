"""The spec as the operator reads it."""

from typing import Any

import pytest
from pydantic import ValidationError

from celery_operator.api.autoscaling import Autoscaling
from celery_operator.api.spec import CeleryDeploymentSpec


def _spec(**fields: Any) -> CeleryDeploymentSpec:
    return CeleryDeploymentSpec.model_validate(
        {
            "app": "shop.celery",
            "image": "shop:1",
            "broker": {"managed": {}},
            "workers": [{"name": "default", "replicas": 2}, {"name": "email", "replicas": 4}],
            **fields,
        }
    )


def _wanted(spec: CeleryDeploymentSpec) -> list[int]:
    return [spec.replicas_of(group) for group in spec.workers]


def test_each_group_wants_its_own_replicas() -> None:
    assert _wanted(_spec()) == [2, 4]


def test_the_scale_subresource_moves_the_first_group() -> None:
    assert _wanted(_spec(replicas=0)) == [0, 4]


def test_the_scale_target_is_the_group_that_moves() -> None:
    assert _wanted(_spec(replicas=7, scaleTarget="email")) == [2, 7]


def test_a_suspended_resource_wants_nothing() -> None:
    assert _wanted(_spec(replicas=7, suspend=True)) == [0, 0]


def test_a_group_that_does_not_say_wants_one() -> None:
    assert _wanted(_spec(workers=[{"name": "default"}])) == [1]


def test_a_group_with_autoscaling_wants_its_least_by_the_spec_alone() -> None:
    workers = [
        {"name": "default", "autoscaling": {"minReplicas": 0, "maxReplicas": 9}},
        {"name": "email", "autoscaling": {"maxReplicas": 9}},
    ]
    assert _wanted(_spec(workers=workers)) == [0, 1]
    assert _wanted(_spec(workers=workers, suspend=True)) == [0, 0]


def test_autoscaling_moves_up_at_once_and_down_with_patience() -> None:
    rules = Autoscaling.model_validate({"maxReplicas": 4})
    assert (rules.min_replicas, rules.scale_up.stabilization_window_seconds) == (1, 0)
    assert rules.scale_down.stabilization_window_seconds == 60
    assert Autoscaling.model_validate({"maxReplicas": 4, "scaleUp": {}, "scaleDown": {}}) == rules


def test_a_field_of_a_newer_version_is_ignored() -> None:
    assert _spec(fromTheFuture=True) == _spec()


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        _spec().image = "other"
