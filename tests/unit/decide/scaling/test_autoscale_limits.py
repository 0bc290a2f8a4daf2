"""How far a group may move now: stabilization windows and policies."""

import pytest

from celery_operator.decide.scaling.decision import ScalingDecision, ScalingReason
from celery_operator.snapshot import ScalingHistory
from tests.unit.decide.scaling.scaling_calls import NOW, called, load


def recommended(*ago: tuple[float, int]) -> ScalingHistory:
    """Recommendations, each a number of seconds ago."""
    return ScalingHistory(recommendations=tuple((NOW - seconds, pods) for seconds, pods in ago))


@pytest.mark.parametrize(
    ("call", "replicas", "reason", "message"),
    [
        pytest.param(
            called(9, load(), recommended((59.0, 6))),
            6,
            ScalingReason.LESS_LOAD,
            "9 -> 6: nothing to do",
            id="down no farther than the highest recommendation of the window",
        ),
        pytest.param(
            called(9, load(), recommended((59.0, 12))),
            9,
            ScalingReason.STABILIZING,
            "9 pods: the load needs fewer, but not yet for scaleDown.stabilizationWindowSeconds",
            id="a recommendation of the window for more keeps what is there",
        ),
        pytest.param(
            called(9, load(), recommended((60.0, 12))),
            1,
            ScalingReason.IDLE_SECONDS,
            "9 -> 1: nothing to do; the last one stays for idleSeconds",
            id="one as old as the window no longer does",
        ),
        pytest.param(
            called(9, load(), ScalingHistory()),
            9,
            ScalingReason.STABILIZING,
            "9 pods: the load needs fewer, but not yet for scaleDown.stabilizationWindowSeconds",
            id="an operator that has just started takes what is there for recommended",
        ),
        pytest.param(
            called(2, load(ready=800), recommended((100.0, 4)), scaleUp={"stabilizationWindowSeconds": 300}),
            4,
            ScalingReason.MORE_LOAD,
            "2 -> 4: 800 ready, 0 active",
            id="up no farther than the lowest recommendation of the window",
        ),
        pytest.param(
            called(2, load(ready=800), recommended((100.0, 1)), scaleUp={"stabilizationWindowSeconds": 300}),
            2,
            ScalingReason.STABILIZING,
            "2 pods: the load needs more, but not yet for scaleUp.stabilizationWindowSeconds",
            id="a recommendation of the window for fewer keeps what is there from growing",
        ),
        pytest.param(
            called(2, load(ready=800), recommended((300.0, 1)), scaleUp={"stabilizationWindowSeconds": 300}),
            20,
            ScalingReason.MORE_LOAD,
            "2 -> 20: 800 ready, 0 active",
            id="one as old as the window no longer does on the way up",
        ),
        pytest.param(
            called(9, load(), scaleDown={"selectPolicy": "Disabled"}),
            9,
            ScalingReason.LIMITED,
            "9 pods: the load needs fewer, but the policies of scaleDown do not allow the change yet",
            id="a direction that is disabled does not move",
        ),
        pytest.param(
            called(
                10,
                load(ready=800),
                scaleUp={"policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}]},
            ),
            15,
            ScalingReason.LIMITED,
            "10 -> 15: 800 ready, 0 active; the policies of scaleUp allow no larger change now",
            id="a policy limits the step",
        ),
    ],
)
def test_the_size_and_the_sentence(
    call: ScalingDecision, replicas: int, reason: ScalingReason, message: str
) -> None:
    assert (call.replicas, call.reason, call.message) == (replicas, reason, message)
