"""docs/reference/conditions.md explains every condition and every word of health."""

from pathlib import Path

import pytest

from celery_health.catalogue.health import HealthState
from celery_operator.api.status import ConditionType

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "conditions.md").read_text()


@pytest.mark.parametrize("word", [*ConditionType, *HealthState])
def test_the_page_on_conditions_explains_every_word(word: str) -> None:
    assert f"| `{word}` | " in PAGE
