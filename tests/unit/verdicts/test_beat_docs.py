"""docs/reference/beat.md explains every reason of beat, and no others."""

import re
from pathlib import Path

from celery_health.catalogue.beat import BeatReason

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "beat.md"


def test_every_reason_of_beat_is_explained() -> None:
    verdicts = PAGE.read_text().split("## Verdicts")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", verdicts, re.MULTILINE)) == set(BeatReason)
