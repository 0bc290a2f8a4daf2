"""How often a broker is read until all its queues are found."""

from collections.abc import Sequence

import pytest

from celery_health.broker import BrokerReading, Found
from celery_health.catalogue.brokers import BrokerReason
from celery_health.survey import finding_queues
from celery_health.survey.finding_queues import read_until_found

NOT_YET = BrokerReading("redis", "r", True, BrokerReason.REACHABLE, "", found=Found.NOT_YET)
ALL = BrokerReading("redis", "r", True, BrokerReason.REACHABLE, "", found=Found.ALL)
AWAY = BrokerReading("redis", "r", False, BrokerReason.TIMED_OUT, "")


@pytest.mark.parametrize(
    ("readings", "seconds", "expected"),
    [
        ([ALL], 0, 1),
        ([NOT_YET, NOT_YET, NOT_YET], 0, 3),
        ([NOT_YET, NOT_YET, NOT_YET, NOT_YET, ALL], 60, 5),
        ([AWAY, ALL], 0, 2),
        ([AWAY, AWAY], 60, 2),
    ],
    ids=["at once", "as often as a small Redis needs", "while there is time", "one failure", "away"],
)
async def test_the_reads(
    readings: Sequence[BrokerReading], seconds: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_queues, "MOST_SECONDS", 60.0)
    done: list[BrokerReading] = []

    async def read() -> BrokerReading:
        done.append(readings[len(done)])
        return done[-1]

    assert await read_until_found(read, seconds) is readings[expected - 1]
    assert len(done) == expected
