"""The page that explains the reasons knows all of them, and no others."""

import re
from pathlib import Path

from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.workers import WorkerReason

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "verdicts.md"


def explained(page: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


def test_every_reason_of_a_worker_and_of_its_broker_is_explained() -> None:
    workers, rest = PAGE.read_text().split("## What the pod finds of the broker")
    brokers, *_ = rest.split("\n## ")
    assert explained(workers) == set(WorkerReason)
    assert explained(brokers) == set(BrokerReason)
