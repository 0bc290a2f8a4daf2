"""docs/verdicts.md explains every word of the fleet's verdicts."""

from pathlib import Path

import pytest

from celery_health.verdicts.fleet.findings import FindingReason
from celery_health.verdicts.fleet.verdict import FleetReason

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "verdicts.md").read_text()
SECTION = PAGE[PAGE.index("## Verdicts on the fleet") :]


@pytest.mark.parametrize("reason", [*FindingReason, *FleetReason])
def test_the_page_on_verdicts_explains_every_reason(reason: str) -> None:
    assert f"| `{reason}` | " in SECTION
