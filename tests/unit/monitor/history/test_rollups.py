"""Histograms that can be added, and what a task adds to the counts of a minute."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.history.reading.rollups import parts_of
from celery_monitor.history.rollups import histogram
from celery_monitor.history.rollups.contributions import COUNTS, Key, Sums, contribute
from celery_monitor.history.rollups.levels import BY_EACH, HOUR, MINUTE, rows_of
from celery_monitor.history.views import Outcomes, Window
from celery_monitor.records.states import FAILURE, RETRY, REVOKED, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord


@given(st.floats(0, 1e6))
def test_a_value_is_within_its_bucket(seconds: float) -> None:
    number = histogram.bucket(seconds)
    assert seconds <= histogram.upper_bound(number) * 1.000001
    assert number == 0 or seconds > histogram.upper_bound(number - 1) * 0.999999


def test_percentiles_are_within_a_bucket_of_the_exact_ones() -> None:
    values = sorted(random.Random(1).lognormvariate(0, 1.5) for _ in range(20_000))
    counts: histogram.Histogram = {}
    for value in values:
        histogram.add(counts, {histogram.bucket(value): 1})
    found = histogram.percentiles(counts)
    for part, percentile in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
        assert percentile == pytest.approx(values[int(part * len(values))], rel=0.06)


def test_without_a_value_there_are_no_percentiles() -> None:
    assert histogram.percentiles({}).p50 is None


def test_histograms_that_are_added_and_taken_away_leave_nothing() -> None:
    counts = {3: 2, 9: 1}
    histogram.add(counts, {3: -2, 9: -1})
    assert not any(counts.values())
    assert histogram.decode(histogram.encode({3: 2, 255: 10**9})) == {3: 2, 255: 10**9}


def _counts(*records: TaskRecord, sign: int = 1) -> dict[Key, Sums]:
    sums: dict[Key, Sums] = {}
    for record in records:
        contribute(sums, record, sign)
    return sums


def _named(sums: Sums) -> dict[str, int]:
    return {name: count for name, count in zip(COUNTS, sums.counts, strict=True) if count}


def test_a_task_that_was_retried_counts_once_as_received_and_once_for_each_run() -> None:
    first = Run(number=1, worker="w1", received=10.0, started=11.0, finished=12.0, outcome=RETRY, runtime=1.0)
    second = Run(
        number=2, worker="w2", received=70.0, started=75.0, finished=76.0, outcome=SUCCESS, runtime=1.0
    )
    record = TaskRecord(id="a", name="shop.mail", state=SUCCESS, sent=9.0, runs=[first, second])
    sums = _counts(record)
    assert {key: _named(entry) for key, entry in sums.items()} == {
        (0, "shop.mail", None, None): {"received": 1},
        (0, "shop.mail", None, "w1"): {"retried": 1},
        (60, "shop.mail", None, "w2"): {"succeeded": 1},
    }
    assert sums[0, "shop.mail", None, "w1"].wait == {histogram.bucket(2.0): 1}
    assert sums[60, "shop.mail", None, "w2"].wait == {histogram.bucket(5.0): 1}


def test_a_run_that_lasts_counts_as_received_alone() -> None:
    record = TaskRecord(
        id="a", state="STARTED", received=10.0, runs=[Run(number=1, worker="w1", started=11.0)]
    )
    assert [_named(entry) for entry in _counts(record).values()] == [{"received": 1}]


def test_a_task_that_was_revoked_without_a_run_counts() -> None:
    record = TaskRecord(id="a", state=REVOKED, received=10.0, state_time=20.0, worker="w1")
    sums = _counts(record)
    assert _named(sums[0, None, None, "w1"]) == {"revoked": 1}


def test_taking_away_what_was_added_leaves_nothing() -> None:
    record = TaskRecord(
        id="a", state=FAILURE, received=1.0, runs=[Run(number=1, worker="w", finished=3.0, outcome=FAILURE)]
    )
    sums = _counts(record)
    contribute(sums, record, -1)
    assert not any(sums.values())
    assert rows_of(sums, lambda _kind, _value: 1) == {}


def test_one_minute_is_added_to_nine_rows() -> None:
    record = TaskRecord(
        id="a",
        name="n",
        queue="q",
        state=SUCCESS,
        received=7300.0,
        worker="w",
        runs=[Run(number=1, worker="w", finished=7301.0, outcome=SUCCESS)],
    )
    rows = rows_of(_counts(record), lambda kind, value: kind * 10 if value else None)
    ended = [key for key, sums in rows.items() if _named(sums).get("succeeded")]
    assert len(ended) == 9
    assert (BY_EACH, MINUTE, 20, 40, 30, 7260) in ended
    assert {key[5] for key in ended if key[1] == HOUR} == {7200}


def test_a_long_window_is_read_as_hours_with_minutes_at_both_ends() -> None:
    parts = parts_of(Window(3000.0, 12_000.0), HOUR)
    assert [tuple(part) for part in parts] == [(60, 3000, 3600), (3600, 3600, 10_800), (60, 10_800, 12_000)]
    assert [tuple(part) for part in parts_of(Window(3000.0, 12_000.0), MINUTE)] == [(60, 3000, 12_000)]
    assert [tuple(part) for part in parts_of(Window(3000.0, 3059.0), HOUR)] == [(60, 3000, 3060)]


def test_the_failure_rate_is_a_part_of_what_was_decided() -> None:
    assert Outcomes(succeeded=6, failed=1, lost=1, retried=5).failure_rate == 0.25
    assert Outcomes(retried=5).failure_rate is None
