"""docs/reference/verdicts.md explains every word of the fleet's verdicts."""

from pathlib import Path

import pytest

from celery_health.catalogue.fleet import FleetReason

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "verdicts.md").read_text()
SECTION = PAGE[PAGE.index("## Verdicts on the fleet") :]


@pytest.mark.parametrize("reason", sorted(set(FleetReason) - {FleetReason.TEST_TASK_FAILED}))
def test_the_page_on_verdicts_explains_every_reason(reason: str) -> None:
    assert f"| `{reason}` | " in SECTION
