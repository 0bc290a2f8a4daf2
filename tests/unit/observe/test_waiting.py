"""How long queues have had messages, and messages no worker, from reading to reading."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.broker import BrokerReading, QueueReading, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.workers import WorkerReason
from celery_operator.observe.waiting import LONGEST_GAP_SECONDS, UnheldMessages, WaitingQueues
from tests.unit.decide.build import broker
from tests.unit.decide.pods import pod, report, reporting_pod, silent_pod
from tests.unit.decide.pods import reading as reading_of_pod


def after_readings(*readings: tuple[float, dict[str, int | None] | None]) -> WaitingQueues:
    """After these readings, each at a time; None in place of lengths is a broker that does not answer."""
    waiting = WaitingQueues()
    for at, lengths in readings:
        waiting.update(reading(lengths), at)
    return waiting


def reading(lengths: dict[str, int | None] | None) -> BrokerReading:
    reachable = lengths is not None
    queues = tuple(QueueReading(name, ready) for name, ready in (lengths or {}).items())
    reason = BrokerReason.REACHABLE if reachable else BrokerReason.TIMED_OUT
    return BrokerReading("redis", "redis://redis", reachable, reason, "", queues[:1], queues[1:])


def test_a_queue_waits_from_the_first_reading_with_messages_in_it() -> None:
    waiting = after_readings(
        (10, {"celery": 0}), (15, {"celery": 1}), (20, {"celery": 5}), (25, {"celery": 5})
    )
    assert waiting.nonempty_for() == {"celery": 10.0}


def test_queues_that_were_not_asked_for_count_as_well() -> None:
    waiting = after_readings((10, {"celery": 1, "other": 1}), (15, {"celery": 1, "other": 1}))
    assert waiting.nonempty_for() == {"celery": 5.0, "other": 5.0}


@pytest.mark.parametrize(
    "between", [{"celery": 0}, {"celery": None}, {}, None], ids=["empty", "not known", "not reported", "away"]
)
def test_an_interruption_starts_the_wait_anew(between: dict[str, int | None] | None) -> None:
    waiting = after_readings((10, {"celery": 1}), (15, between), (20, {"celery": 1}), (22, {"celery": 1}))
    assert waiting.nonempty_for() == {"celery": 2.0}
    assert waiting.not_shrinking_for() == {"celery": 2.0}


def test_readings_too_far_apart_say_nothing_of_the_time_between_them() -> None:
    late = 10 + LONGEST_GAP_SECONDS + 1
    assert after_readings((10, {"celery": 1}), (late, {"celery": 1})).nonempty_for() == {"celery": 0.0}


def test_a_queue_that_gets_shorter_has_a_reader_and_still_waits() -> None:
    waiting = after_readings(
        (10, {"celery": 9}), (15, {"celery": 8}), (20, {"celery": 20}), (25, {"celery": 20})
    )
    assert waiting.nonempty_for() == {"celery": 15.0}
    assert waiting.not_shrinking_for() == {"celery": 10.0}


@given(st.lists(st.none() | st.fixed_dictionaries({"celery": st.none() | st.integers(0, 3)}), max_size=9))
def test_only_a_queue_with_messages_in_every_reading_waits(
    lengths: list[dict[str, int | None] | None],
) -> None:
    waiting = after_readings(*((5.0 * number, one) for number, one in enumerate(lengths)))
    full = [bool(one and one["celery"]) for one in lengths]
    run = next((back for back, one in enumerate(reversed(full)) if not one), len(full))
    assert waiting.nonempty_for() == ({"celery": 5.0 * (run - 1)} if run else {})
    assert waiting.not_shrinking_for().keys() == waiting.nonempty_for().keys()
    assert all(waiting.not_shrinking_for()[name] <= wait for name, wait in waiting.nonempty_for().items())


def test_dead_letters_wait_for_a_person_and_do_not_count() -> None:
    waiting = after_readings((10, {"celery": 0, "shop.dead-letter": 1}), (15, {"shop.dead-letter": 1}))
    assert waiting.nonempty_for() == waiting.not_shrinking_for() == {}


PODS = (
    reporting_pod("a", active_count=1, reserved=2, eta=3),
    reporting_pod("b", active_count=1, reserved=0, eta=0),
    silent_pod("c"),
    # What the last report of a process that has ended says is held by no worker.
    replace(pod("d"), reading=replace(reading_of_pod(WorkerReason.ENDED), report=report(reserved=40))),
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
