"""How fast a group may move."""

from dataclasses import replace

import pytest

from celery_operator.decide.scaling.autoscale import scale
from tests.unit.decide.scaling.scaling_calls import LONG_AGO, NOW, SLOTS, called, load, rules

PODS = {"type": "Pods", "value": 4, "periodSeconds": 60}
PERCENT = {"type": "Percent", "value": 100, "periodSeconds": 60}


@pytest.mark.parametrize(
    ("select", "current", "changes", "replicas"),
    [
        ("Max", 2, (), 6),
        ("Min", 2, (), 4),
        ("Max", 8, (), 16),
        ("Max", 6, ((NOW - 59, 4),), 6),
        ("Max", 6, ((NOW - 60, 4),), 12),
        ("Max", 4, ((NOW - 30, 4), (NOW - 20, -2)), 6),
        ("Min", 0, (), 1),
    ],
    ids=[
        "the policy that allows most",
        "the policy that allows least",
        "a share of many is more than a few pods",
        "what was added within the period counts",
        "what was added before it does not",
        "what was taken away meanwhile is given back",
        "a share of none is one",
    ],
)
def test_policies_count_from_the_beginning_of_their_period(
    select: str, current: int, changes: tuple[tuple[float, int], ...], replicas: int
) -> None:
    history = replace(LONG_AGO, changes=changes)
    up = {"selectPolicy": select, "policies": [PODS, PERCENT]}
    assert called(current, load(ready=8_000), history, scaleUp=up).replicas == replicas


@pytest.mark.parametrize(
    ("select", "current", "changes", "replicas"),
    [
        ("Max", 10, (), 5),
        ("Min", 10, (), 6),
        ("Min", 6, ((NOW - 59, -4),), 6),
        ("Max", 3, ((NOW - 59, -4),), 3),
    ],
)
def test_policies_hold_back_on_the_way_down(
    select: str, current: int, changes: tuple[tuple[float, int], ...], replicas: int
) -> None:
    down = {
        "selectPolicy": select,
        "policies": [PODS, {"type": "Percent", "value": 50, "periodSeconds": 60}],
    }
    call = called(current, load(), replace(LONG_AGO, changes=changes), scaleDown=down)
    assert call.replicas == replicas


def test_a_share_on_the_way_down_leaves_whole_pods() -> None:
    down = {"policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}]}
    assert called(5, load(), scaleDown=down).replicas == 2


def test_a_change_is_remembered_for_as_long_as_a_policy_counts_it() -> None:
    up = {"policies": [PODS]}
    call = called(2, load(ready=8_000), scaleUp=up)
    assert call.history.changes == ((NOW, 4),)
    later = scale(rules(scaleUp=up), 6, SLOTS, load(ready=8_000), call.history, NOW + 60)
    assert later.replicas == 10
    assert later.history.changes == ((NOW + 60, 4),)
