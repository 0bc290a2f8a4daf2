"""For how long Redis has kept more messages than the workers hold."""

from dataclasses import replace

import pytest

from celery_health.broker import BrokerReading, UnackedReading
from celery_operator.observe.unheld import UnheldMessages
from celery_operator.observe.waiting import LONGEST_GAP_SECONDS
from tests.unit.decide.build import broker
from tests.unit.decide.pods import reporting_pod, silent_pod

PODS = (
    reporting_pod("a", active_count=1, reserved=2, eta=3),
    reporting_pod("b", active_count=1, reserved=0, eta=0),
    silent_pod("c"),
)
HELD = 7


def unacknowledged(count: int) -> BrokerReading:
    return broker(unacked=UnackedReading(count, 50.0))


def test_it_counts_from_the_first_reading_with_more_messages_than_tasks_in_flight() -> None:
    unheld = UnheldMessages()
    assert unheld.update(unacknowledged(HELD + 1), PODS, 10.0) == 0.0
    assert unheld.update(unacknowledged(HELD + 3), PODS, 12.5) == 2.5


@pytest.mark.parametrize("between", [unacknowledged(HELD), replace(unacknowledged(HELD + 1), unacked=None)])
def test_a_reading_without_too_many_messages_ends_it(between: BrokerReading) -> None:
    unheld = UnheldMessages()
    unheld.update(unacknowledged(HELD + 1), PODS, 10.0)
    assert unheld.update(between, PODS, 11.0) == 0.0
    assert unheld.update(unacknowledged(HELD + 1), PODS, 12.0) == 0.0
    assert unheld.update(unacknowledged(HELD + 1), PODS, 13.0) == 1.0


def test_a_long_pause_between_readings_says_nothing_about_the_time_between_them() -> None:
    unheld = UnheldMessages()
    unheld.update(unacknowledged(HELD + 1), PODS, 10.0)
    later = 10.0 + LONGEST_GAP_SECONDS + 1
    assert unheld.update(unacknowledged(HELD + 1), PODS, later) == 0.0
    assert unheld.update(unacknowledged(HELD + 1), PODS, later + 1) == 1.0
