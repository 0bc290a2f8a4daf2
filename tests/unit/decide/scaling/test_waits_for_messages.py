"""When a resource is at rest at zero, and only a message changes what is decided."""

from dataclasses import replace
from typing import Any

import pytest

from celery_operator.decide import decide
from tests.unit.decide.build import broker, deployment, load, scaled, snapshot, spec
from tests.unit.decide.pods import pending_pod, pod

AUTOSCALING = {"minReplicas": 0, "maxReplicas": 6}
FIXED = {"name": "mail", "replicas": 1}


def waits(**changes: Any) -> bool:
    return decide(snapshot(**changes)).next_reconcile.waits_for_messages


def at_zero(**changes: Any) -> dict[str, Any]:
    return {**scaled(0), **changes}


def test_a_group_without_pods_and_messages_waits() -> None:
    assert waits(**at_zero())


def test_pods_of_groups_of_a_fixed_size_keep_nothing_awake() -> None:
    groups = [{"name": "default", "autoscaling": AUTOSCALING}, FIXED]
    both = (deployment(0), deployment(1, group="mail"))
    assert waits(
        **at_zero(spec=spec(workers=groups), deployments=both, pods=(pod("shop-mail-a", group="mail"),))
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"spec": spec()},
        scaled(1),
        at_zero(pods=(pending_pod("shop-default-a"),)),
        at_zero(pods=(replace(pod("shop-default-a"), deleting=True),)),
        at_zero(deployments=(deployment(1),)),
        at_zero(deployments=()),
        at_zero(loads={"default": load(5)}, broker=broker(celery=5)),
        at_zero(loads={"default": load(None)}, broker=broker(celery=None)),
        at_zero(loads={}),
        {**scaled(0, minReplicas=1)},
        at_zero(spec=scaled(0)["spec"].model_copy(update={"suspend": True})),
    ],
    ids=[
        "no autoscaling",
        "a worker",
        "a pod to come",
        "a pod to go",
        "replicas in force",
        "no Deployment",
        "messages",
        "an unknown length",
        "nothing read",
        "a minimum",
        "suspended",
    ],
)
def test_everything_else_is_reconciled_at_its_pace(changes: dict[str, Any]) -> None:
    assert not waits(**changes)
