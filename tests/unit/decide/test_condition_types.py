"""What a condition counts for follows from its type."""

import pytest

from celery_kubectl.tables import NEGATIVE_POLARITY
from celery_operator.api.status import Condition, ConditionType
from celery_operator.decide.events import announced_fault


@pytest.mark.parametrize("condition", ConditionType)
def test_the_plugin_colours_each_condition_as_the_operator_means_it(condition: ConditionType) -> None:
    assert (condition.value in NEGATIVE_POLARITY) == (condition.good_when == "False")


@pytest.mark.parametrize("condition", ConditionType)
def test_each_fault_has_an_event_unless_the_condition_follows_from_others(condition: ConditionType) -> None:
    bad = Condition(
        type=condition,
        status="False" if condition.good_when == "True" else "True",
        reason="Deaf",
        message="",
        observed_generation=1,
        last_transition_time="2026-01-01T00:00:00Z",
    )

    assert announced_fault(bad) is not condition.follows_from_others
