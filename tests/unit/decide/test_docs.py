"""docs/reference/conditions.md explains every word that a condition may carry."""

from pathlib import Path

import pytest

from celery_health.catalogue.beat import BeatStateReason
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_operator.api.status import ConditionType, HealthState
from celery_operator.decide import unreadable_spec
from celery_operator.decide.scaling import schedule
from celery_operator.observe import urls
from celery_operator.resources import object_faults

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "conditions.md").read_text()

FAULTS = (
    object_faults.NAME_TAKEN,
    object_faults.REFUSED,
    object_faults.NOT_APPLIED,
    unreadable_spec.SPEC_UNREADABLE,
    urls.SECRET_MISSING,
    urls.SECRET_KEY_MISSING,
    urls.SECRET_FORBIDDEN,
    schedule.SCHEDULE_INVALID,
)


@pytest.mark.parametrize(
    "word", [*ConditionType, *HealthState, *PodReason, *StateReason, *BeatStateReason, *BrokerReason, *FAULTS]
)
def test_the_page_on_conditions_explains_every_word(word: str) -> None:
    assert f"| `{word}` | " in PAGE
