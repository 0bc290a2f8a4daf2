"""docs/reference/conditions.md explains every word that a condition may carry."""

from pathlib import Path

import pytest

from celery_health.catalogue.beat import BeatStateReason
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.configuration import ConfigurationReason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_operator.api.status import ConditionType, HealthState

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "conditions.md").read_text()


@pytest.mark.parametrize(
    "word",
    [
        *ConditionType,
        *HealthState,
        *PodReason,
        *StateReason,
        *BeatStateReason,
        *BrokerReason,
        *ConfigurationReason,
    ],
)
def test_the_page_on_conditions_explains_every_word(word: str) -> None:
    assert f"| `{word}` | " in PAGE
