"""How long workers have consumed, from reading to reading."""

from dataclasses import replace

import pytest

from celery_health.catalogue.workers import WorkerReason
from celery_operator.observe.consuming import ConsumingWorkers
from celery_operator.observe.waiting import LONGEST_GAP_SECONDS
from celery_operator.snapshot import SidecarReading
from tests.unit.decide import pods

CONSUMING = replace(pods.reading(), consuming_for=None)
DRAINING = replace(pods.reading(WorkerReason.DRAINING), consuming_for=None)
RECONNECTED = replace(CONSUMING, report=pods.report(consumer_starts=2))
RESTARTED = replace(CONSUMING, report=pods.report(pid=99))
WITHOUT_AGENT = replace(pods.reading(WorkerReason.AGENT_ABSENT), consuming_for=None)


def after_readings(*readings: tuple[float, SidecarReading | None]) -> float | None:
    """For how long the pod has consumed by the last of these readings; None is one without an answer."""
    workers = ConsumingWorkers()
    seen: dict[str, SidecarReading] = {}
    for at, reading in readings:
        seen = workers.update({} if reading is None else {"uid-1": reading}, at)
    return seen["uid-1"].consuming_for


def test_a_worker_consumes_from_the_first_reading_that_shows_it() -> None:
    assert after_readings((10, CONSUMING)) == 0.0
    assert after_readings((10, CONSUMING), (15, CONSUMING), (20, CONSUMING)) == 10.0


def test_a_reading_without_an_answer_breaks_nothing() -> None:
    assert after_readings((10, CONSUMING), (15, None), (20, CONSUMING)) == 10.0


@pytest.mark.parametrize("between", [DRAINING, RECONNECTED, RESTARTED, WITHOUT_AGENT])
def test_a_break_starts_it_anew(between: SidecarReading) -> None:
    assert after_readings((10, CONSUMING), (15, between), (20, CONSUMING), (22, CONSUMING)) == 2.0


def test_a_worker_that_was_long_out_of_sight_starts_anew() -> None:
    assert after_readings((10, CONSUMING), (11 + LONGEST_GAP_SECONDS, CONSUMING)) == 0.0


@pytest.mark.parametrize("reading", [DRAINING, WITHOUT_AGENT])
def test_who_does_not_consume_has_no_such_time(reading: SidecarReading) -> None:
    assert after_readings((10, CONSUMING), (15, reading)) is None


def test_pods_that_are_gone_are_forgotten() -> None:
    workers = ConsumingWorkers()
    workers.update({"uid-1": CONSUMING}, 10)
    workers.update({}, 11 + LONGEST_GAP_SECONDS)
    assert not workers._seen
