"""What each group has to do, from reading to reading."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.broker import BrokerReading
from celery_operator.observe.load import FRESH_FOR_LOAD_SECONDS, LoadMeter
from celery_operator.snapshot import GroupLoad, PodState
from tests.unit.decide.build import NOT_READ, REFUSED, broker, spec
from tests.unit.decide.pods import broken_pod, pending_pod, pod, silent_pod
from tests.unit.observe.metered import INTERVAL, SPEC, Readings, named, worker


def test_the_first_reading_gives_levels_and_no_rates() -> None:
    load = Readings()(7, worker(started=1_000_000, active=3, reserved=5, eta=4, eta_due=2))
    assert load == GroupLoad(
        ready=7,
        active=3,
        reserved=5,
        eta_due=2,
        eta=4,
        complete=True,
        arrival_rate=0.0,
        throughput_per_slot=None,
        busy_slots=3.0,
        idle_for=0.0,
        unread_for=0.0,
    )


def test_what_waits_is_that_of_all_queues_of_the_group() -> None:
    meter = LoadMeter()
    groups = spec(workers=[{"name": "one", "queues": ["a", "b"]}, {"name": "two", "queues": ["b", "c"]}])
    measured = meter.update(groups, broker(a=1, b=10, c=None), (pod(group="one"),), 0.0)
    assert (measured["one"].ready, measured["two"].ready) == (11, None)
    assert (measured["one"].active, measured["two"].active) == (1, 0)


@pytest.mark.parametrize("reading", [REFUSED, NOT_READ, replace(broker(), queues=())])
def test_a_reading_that_lacks_a_queue_leaves_the_waiting_messages_unknown(reading: BrokerReading) -> None:
    readings = Readings()
    assert readings(reading).unread_for == 0.0
    measured = readings(reading)
    assert (measured.ready, measured.unread_for) == (None, INTERVAL)
    assert readings(0).unread_for == 0.0


IDLE = worker()


def test_idle_is_counted_from_the_first_reading_with_nothing_to_do() -> None:
    readings = Readings()
    assert readings(0, IDLE).idle_for == 0.0
    assert readings(0, IDLE).idle_for == INTERVAL
    assert readings(0).idle_for == 2 * INTERVAL


@pytest.mark.parametrize(
    ("ready", "one"),
    [
        (1, IDLE),
        (REFUSED, IDLE),
        (0, worker(active=1)),
        (0, worker(reserved=1)),
        (0, worker(eta=1)),
        (0, replace(worker(active=1), deleting=True)),
        (0, silent_pod()),
    ],
    ids=["waits", "not known", "runs", "reserved", "held", "runs in a pod that leaves", "silent"],
)
def test_anything_to_do_or_unknown_ends_the_idleness(ready: int | BrokerReading, one: PodState) -> None:
    readings = Readings()
    readings(0, IDLE)
    assert readings(ready, one).idle_for == 0.0
    assert readings(0, IDLE).idle_for == 0.0
    assert readings(0, IDLE).idle_for == INTERVAL


def aged(one: PodState, age: float) -> PodState:
    assert one.reading is not None
    return replace(one, reading=replace(one.reading, age=age))


@pytest.mark.parametrize(
    ("one", "complete"),
    [
        (worker(), True),
        (aged(worker(), FRESH_FOR_LOAD_SECONDS), True),
        (aged(worker(), FRESH_FOR_LOAD_SECONDS + 1), False),
        (silent_pod(), False),
        (replace(silent_pod(), phase="Unknown"), False),
        (replace(silent_pod(), deleting=True), True),
        (replace(silent_pod(), phase="Failed"), True),
        (pending_pod(), True),
        (replace(broken_pod("CrashLoopBackOff"), phase="Running"), True),
        (replace(broken_pod("CrashLoopBackOff", container="sidecar"), phase="Running"), False),
    ],
    ids=[
        "a fresh report",
        "one just fresh",
        "an old one",
        "none",
        "a node that is lost",
        "a pod that leaves",
        "a pod that has ended",
        "a pod that has not begun",
        "a worker that does not run",
        "a sidecar that does not run",
    ],
)
def test_evidence_is_complete_when_every_pod_that_could_have_tasks_has_reported(
    one: PodState, complete: bool
) -> None:
    assert Readings()(0, named("shop-default-b", worker()), one).complete is complete


def test_what_a_worker_that_ended_left_behind_is_no_load() -> None:
    crashed = replace(broken_pod("CrashLoopBackOff"), phase="Running", reading=worker(active=4).reading)
    assert Readings()(0, crashed).active == 4
    assert Readings()(0, aged(crashed, FRESH_FOR_LOAD_SECONDS + 1)).active == 0


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(0, 500),
            st.lists(st.tuples(st.integers(0, 900), st.integers(0, 8), st.integers(0, 8)), max_size=3),
            st.floats(0, 120),
        ),
        max_size=12,
    )
)
def test_no_sequence_of_readings_gives_impossible_numbers(readings: list[Any]) -> None:
    meter, now = LoadMeter(), 0.0
    for ready, workers, seconds in readings:
        now += seconds
        pods = tuple(named(f"pod-{number}", worker(*counts)) for number, counts in enumerate(workers))
        measured: Mapping[str, GroupLoad] = meter.update(SPEC, broker(celery=ready), pods, now)
        load = measured["default"]
        assert load.arrival_rate >= 0
        assert load.busy_slots >= 0
        assert load.throughput_per_slot is None or load.throughput_per_slot > 0
        assert 0 <= load.idle_for <= now
        assert 0 <= load.unread_for <= now
        assert (load.unread_for == 0) or load.ready is None
        assert load.idle_for == 0 or load.ready == 0


def test_a_reading_counts_at_the_time_at_which_it_was_taken() -> None:
    late, punctual = LoadMeter(), LoadMeter()
    for second in range(60):
        now, messages = float(second), broker(celery=10 * second)
        of_time = punctual.update(SPEC, messages, (), now)["default"]
        of_old = late.update(SPEC, messages, (), now + 0.4 * (second % 2), read_at=now)["default"]
    assert of_old.arrival_rate == pytest.approx(of_time.arrival_rate)


def test_a_burst_after_a_rest_is_measured_from_the_last_time_at_which_the_queue_was_empty() -> None:
    rested, awake = LoadMeter(), LoadMeter()
    for second in range(41):
        awake.update(SPEC, broker(celery=0), (), float(second))
    for second in range(0, 41, 4):
        rested.update(SPEC, broker(celery=0), (), float(second), unchanged_at=max(0.0, second - 1.0))

    burst = broker(celery=50)
    after_rest = rested.update(SPEC, burst, (), 44.5, unchanged_at=44.0)["default"]
    for second in range(41, 45):
        awake.update(SPEC, broker(celery=0), (), float(second))

    assert after_rest.arrival_rate == pytest.approx(
        awake.update(SPEC, burst, (), 44.5)["default"].arrival_rate, rel=0.05
    )


def test_a_rest_before_the_first_reading_is_nothing() -> None:
    meter = LoadMeter()
    assert meter.update(SPEC, broker(celery=1), (), 10.0, unchanged_at=5.0)["default"].arrival_rate == 0
    assert meter.update(SPEC, REFUSED, (), 11.0, unchanged_at=10.5)["default"].ready is None
