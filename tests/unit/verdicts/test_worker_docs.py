"""The page on verdicts has the answers of the probes for every reason of a worker, and for no others."""

import re
from pathlib import Path

from celery_health.catalogue.workers import WorkerReason

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "verdicts.md"


def test_the_answers_of_the_probes_are_listed_for_every_reason_of_a_worker() -> None:
    section = PAGE.read_text().split("## Answers of the probes")[1].split("\n### Beat")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(WorkerReason)
