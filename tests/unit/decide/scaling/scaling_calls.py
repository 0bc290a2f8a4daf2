"""Calls for a group of four slots a pod."""

from typing import Any

from celery_operator.api.annotations import NO_PAUSE, ScalingPauses
from celery_operator.api.autoscaling import Autoscaling
from celery_operator.decide.scaling.autoscale import scale
from celery_operator.decide.scaling.decision import ScalingDecision
from celery_operator.snapshot import GroupLoad, ScalingHistory
from tests.unit.decide import build

NOW = 10_000.0
SLOTS = 4
LONG_AGO = ScalingHistory(recommendations=((NOW - 3_600, 0),))
"""Something was recommended, and so long ago that no window asks for it."""


def load(**changes: Any) -> GroupLoad:
    """Nothing to do, and these changes."""
    return build.load(**{"idle_for": 0.0, **changes})


def rules(**changes: Any) -> Autoscaling:
    """From 0 to 20 pods, all else as by default."""
    return Autoscaling.model_validate({"minReplicas": 0, "maxReplicas": 20, **changes})


def called(
    current: int,
    of: GroupLoad,
    history: ScalingHistory = LONG_AGO,
    floor: int = 0,
    pauses: ScalingPauses = NO_PAUSE,
    **changes: Any,
) -> ScalingDecision:
    """The call for ``current`` pods and this load."""
    return scale(rules(**changes), current, SLOTS, of, history, NOW, floor, pauses)
