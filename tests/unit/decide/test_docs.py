"""docs/conditions.md explains every word that a condition may carry."""

from pathlib import Path

import pytest

from celery_health.broker import BrokerReason
from celery_operator.act import ownership, unreadable
from celery_operator.api.status import ConditionType, HealthState
from celery_operator.decide.reasons import Reason
from celery_operator.decide.scaling import desired_replicas as targets
from celery_operator.observe import urls

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "conditions.md").read_text()

FAULTS = (
    ownership.NAME_TAKEN,
    ownership.REFUSED,
    ownership.NOT_KEPT,
    unreadable.SPEC_UNREADABLE,
    urls.SECRET_MISSING,
    urls.SECRET_KEY_MISSING,
    urls.SECRET_FORBIDDEN,
    targets.SCHEDULE_INVALID,
)


@pytest.mark.parametrize("word", [*ConditionType, *HealthState, *Reason, *BrokerReason, *FAULTS])
def test_the_page_on_conditions_explains_every_word(word: str) -> None:
    assert f"| `{word}` | " in PAGE
