"""Queues that a person names in order to hear of them."""

from dataclasses import replace
from typing import Any

import pytest

from celery_health.broker import QueueReading
from celery_health.catalogue.entry import Severity
from celery_health.verdicts.fleet import unconsumed_queues
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.verdict import Verdict
from tests.unit.verdicts.fleets import reading, snapshot, watched


def asked(*queues: QueueReading, **changes: Any) -> Verdict | None:
    """The verdict where these queues are asked for, and a worker consumes ``celery``."""
    evidence: FleetEvidence = watched(
        snapshot(), broker=replace(reading(), queues=queues), asked_queues=[one.name for one in queues]
    )
    return unconsumed_queues.check(replace(evidence, **changes))


@pytest.mark.parametrize("ready", [0, 3])
def test_a_queue_that_no_worker_consumes_is_unhealthy(ready: int) -> None:
    verdict = asked(QueueReading("video", ready), not_shrinking_for={"video": 90.0})
    assert verdict is not None
    assert (verdict.severity, verdict.subjects) == (Severity.UNHEALTHY, ("video",))
    assert "correct the name: the workers that run consume celery" in verdict.remedy


def test_beside_a_queue_that_is_consumed_it_is_degraded() -> None:
    verdict = asked(QueueReading("celery", 0), QueueReading("vdieo", 0))
    assert verdict is not None
    assert (verdict.severity, verdict.subjects) == (Severity.DEGRADED, ("vdieo",))


def test_beside_a_queue_from_which_a_test_task_came_back_it_is_degraded() -> None:
    queues = (QueueReading("proven", 0), QueueReading("vdieo", 0))
    verdict = asked(*queues, proven_queues={"proven"})
    assert verdict is not None
    assert (verdict.severity, verdict.subjects) == (Severity.DEGRADED, ("vdieo",))


@pytest.mark.parametrize(
    "queue",
    [
        QueueReading("celery", 0),
        QueueReading("theirs", 0, consumers=1),
        QueueReading("celery.dead-letter", 0),
        QueueReading("shrinks", 3),
        QueueReading("not read", None),
    ],
    ids=lambda queue: str(queue.name),
)
def test_a_queue_that_is_consumed_or_not_known_is_not_reported(queue: QueueReading) -> None:
    assert asked(queue, not_shrinking_for={}) is None


def test_where_the_workers_are_not_known_or_none_runs_another_verdict_says_so() -> None:
    assert asked(QueueReading("video", 0), workers_known=False) is None
    assert asked(QueueReading("video", 0), workers=()) is None
    unnamed = snapshot("worker@b", consuming=None, queues=())
    assert asked(QueueReading("video", 0), workers=(snapshot(), unnamed)) is None
