"""How fast tasks come and end, from reconcile to reconcile."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_operator.observe.load import LoadMeter
from celery_operator.observe.rates import FIRST_TASKS, THROUGHPUT_TASKS, Arrivals, Throughput
from celery_operator.observe.waiting import LONGEST_GAP_SECONDS
from tests.unit.decide.build import REFUSED, broker
from tests.unit.decide.pods import pending_pod, silent_pod
from tests.unit.observe.metered import INTERVAL, SPEC, Readings, steady, worker


def test_a_steady_flow_is_measured() -> None:
    reported = steady(Readings(), 600, a_second=30, slots=12)
    assert reported.arrival_rate == pytest.approx(30, rel=0.01)
    assert reported.throughput_per_slot == pytest.approx(30 / 12, rel=0.01)
    assert reported.busy_slots == pytest.approx(12)


def test_a_restarted_operator_measures_the_same_from_the_middle_of_a_flow() -> None:
    reported = steady(Readings(), 600, a_second=30, slots=12, of=worker(started=5_000_000))
    assert reported.arrival_rate == pytest.approx(30, rel=0.01)
    assert reported.throughput_per_slot == pytest.approx(30 / 12, rel=0.01)


def test_tasks_that_come_while_the_queue_gets_shorter_are_counted() -> None:
    readings = Readings()
    reported = readings(10_000, worker(active=4))
    for turn in range(1, 301):
        reported = readings(10_000 - 20 * turn, worker(started=30 * turn, active=4))
    assert reported.arrival_rate == pytest.approx(5, rel=0.02)


def test_a_burst_is_a_backlog_and_hardly_a_rate() -> None:
    readings = Readings()
    readings(0, worker())
    assert readings(600, worker()).arrival_rate == pytest.approx(5, rel=0.05)


def test_what_has_stopped_coming_is_soon_forgotten() -> None:
    readings = Readings()
    steady(readings, 300, a_second=30, slots=12)
    for _ in range(30):
        reported = readings(0, worker(started=9_000, active=0))
    assert reported.arrival_rate < 1


def test_a_task_on_its_way_from_queue_to_report_does_not_count_as_come() -> None:
    readings = Readings()
    reported = readings(600, worker(active=4))
    for turn in range(1, 121):
        gone, late = 4 * turn, 4 * (turn - turn % 2)
        reported = readings(600 - gone, worker(started=late, active=4))
    assert reported.arrival_rate < 0.4


def test_a_flush_is_no_arrival_and_blinds_the_meter_for_seconds_only() -> None:
    readings = Readings()
    readings(4_000, worker(active=4))
    assert readings(0, worker(active=4)).arrival_rate == 0.0
    for turn in range(1, 31):
        reported = readings(0, worker(started=60 * turn, active=4))
    assert reported.arrival_rate > 5


def test_messages_that_a_pod_takes_or_gives_back_are_no_arrivals() -> None:
    readings = Readings()
    readings(100, pending_pod())
    readings(84, worker(started=4, active=4, reserved=12))
    reported = readings(96, replace(worker(started=4, active=4), deleting=True))
    assert reported.arrival_rate == 0.0
    assert readings(96).arrival_rate == 0.0


def test_messages_of_a_pod_that_is_gone_are_back_and_have_not_come() -> None:
    readings = Readings()
    readings(100, worker(active=4, reserved=12))
    assert readings(112).arrival_rate == 0.0


def test_a_new_pod_brings_what_it_started_before_its_first_report() -> None:
    readings = Readings()
    readings(0, pending_pod())
    readings(0, silent_pod())
    assert readings(0, worker(started=50, active=4)).arrival_rate > 0


def test_a_pod_that_was_there_before_brings_nothing() -> None:
    readings = Readings()
    readings(0, silent_pod())
    assert readings(0, worker(started=5_000_000, active=4)).arrival_rate == 0.0


@pytest.mark.parametrize("again", [{"pid": 99}, {}], ids=["another process", "one of the same pid"])
def test_a_container_that_starts_again_counts_from_zero(again: dict[str, Any]) -> None:
    readings = Readings()
    readings(0, worker(started=1_000, active=4))
    reported = readings(0, worker(started=12, active=2, **again))
    assert reported.arrival_rate == pytest.approx(12 / 120, rel=0.05)
    assert reported.throughput_per_slot == pytest.approx(10 / (3 * INTERVAL))


def test_throughput_is_unknown_before_enough_tasks_have_ended() -> None:
    readings = Readings()
    readings(0, worker(started=2, active=2))
    assert readings(0, worker(started=1 + int(FIRST_TASKS), active=2)).throughput_per_slot is None
    assert readings(0, worker(started=2 + int(FIRST_TASKS), active=2)).throughput_per_slot is not None


def test_tasks_that_run_on_lower_the_throughput_before_they_end() -> None:
    readings = Readings()
    last = steady(readings, 300, a_second=30, slots=12).throughput_per_slot
    for _ in range(30):
        reported = readings(0, worker(started=9_000, active=12)).throughput_per_slot
        assert reported is not None
        assert last is not None
        assert reported < last
        last = reported
    assert last is not None
    assert last < 30 / 12 * 0.6


def test_the_throughput_of_long_tasks_does_not_vanish_between_two_of_them() -> None:
    readings = Readings()
    reported = readings(0, worker(started=40, active=40))
    for turn in range(1, 5_401):
        reported = readings(0, worker(started=40 + 40 * (turn // 900), active=40))
    assert reported.throughput_per_slot == pytest.approx(1 / 1_800, rel=0.1)


def test_a_long_pause_between_two_readings_forgets_no_more_than_is_needed() -> None:
    after = Throughput(finished=60.0, slot_seconds=30.0).after(finished=0, slot_seconds=0.0, seconds=80.0)
    assert after == Throughput(finished=60.0, slot_seconds=30.0)
    after = after.after(finished=0, slot_seconds=1.0, seconds=80.0)
    assert after == Throughput(finished=THROUGHPUT_TASKS, slot_seconds=26.0)


def test_a_throughput_stays_while_nothing_runs() -> None:
    readings = Readings()
    steady(readings, 300, a_second=30, slots=12)
    readings(0, worker(started=9_000, active=0))
    before = readings(0, worker(started=9_000, active=0)).throughput_per_slot
    for _ in range(300):
        reported = readings(0, worker(started=9_000, active=0))
    assert reported.throughput_per_slot == before


def test_readings_too_far_apart_start_anew() -> None:
    readings = Readings()
    steady(readings, 300, a_second=30, slots=12)
    reported = readings(0, worker(started=90_000, active=3), after=LONGEST_GAP_SECONDS + 1)
    assert (reported.arrival_rate, reported.throughput_per_slot, reported.busy_slots) == (0.0, None, 3.0)


def test_two_readings_at_one_moment_lose_nothing() -> None:
    twice, once = Readings(), Readings()
    for readings in (twice, once):
        readings(0, worker())
    twice(40, worker(started=4, active=4), after=INTERVAL)
    twice(60, worker(started=8, active=4), after=0.0)
    once(40, worker(started=4, active=4), after=INTERVAL)
    assert twice(80, worker(started=12, active=4)).arrival_rate == pytest.approx(
        once(80, worker(started=12, active=4)).arrival_rate
    )


def test_what_came_while_the_broker_was_away_is_counted_when_it_is_back() -> None:
    away, there = Readings(), Readings()
    for readings, reading in ((away, REFUSED), (there, broker(celery=10))):
        readings(0, worker())
        readings(reading, worker())
    assert away(10, worker()).arrival_rate > 0
    assert there(10, worker()).arrival_rate > 0


def test_two_readings_at_the_same_moment_give_no_rate() -> None:
    meter = LoadMeter()
    for ready, now in ((0, 0.0), (1, 2e-309), (60, 60.0)):
        load = meter.update(SPEC, broker(celery=ready), (), now)["default"]
        assert load.arrival_rate >= 0
    assert load.arrival_rate > 0


@given(st.lists(st.tuples(st.integers(-50, 50), st.floats(0.1, 60)), max_size=30))
def test_no_more_counts_as_come_than_has_come(steps: list[tuple[int, float]]) -> None:
    arrivals = Arrivals()
    came = 0.0
    for net, seconds in steps:
        arrivals = arrivals.after(net, seconds)
        came += max(0, net)
        assert 0 <= arrivals.per_second <= came / min(each for _, each in steps)
