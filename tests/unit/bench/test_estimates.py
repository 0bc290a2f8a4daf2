"""Percentiles, medians and paired ratios."""

from collections.abc import Callable

import pytest
from bench.estimates import estimate, paired_ratio, percentile
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.lists(st.floats(min_value=0.001, max_value=1000), min_size=1, max_size=30)


def test_the_99th_percentile_of_a_hundred_values_is_the_second_largest() -> None:
    assert percentile(list(range(1, 101)), 99) == 99


def test_every_percentile_of_one_value_is_that_value() -> None:
    assert [percentile([7.0], percent) for percent in (0, 50, 99, 100)] == [7.0] * 4


@given(VALUES)
def test_the_100th_percentile_is_the_worst_value(values: list[float]) -> None:
    assert percentile(values, 100) == max(values)


@pytest.mark.parametrize("draw", [lambda values: percentile(values, 50), estimate])
def test_no_values_have_neither_percentile_nor_median(draw: Callable[[list[float]], object]) -> None:
    with pytest.raises(ValueError, match="of no values"):
        draw([])


def test_the_interval_of_equal_values_has_no_width() -> None:
    found = estimate([3.0, 3.0, 3.0])
    assert (found.median, found.low, found.high, found.samples) == (3.0, 3.0, 3.0, 3)


def test_the_same_values_always_give_the_same_interval() -> None:
    values = [1.0, 1.2, 0.9, 1.1, 1.05]
    assert estimate(values) == estimate(values)


def test_the_interval_holds_the_median_and_lies_within_the_values() -> None:
    found = estimate([0.8, 0.9, 1.0, 1.1, 5.0])
    assert 0.8 <= found.low <= found.median == 1.0 <= found.high <= 5.0


def test_a_drift_that_hits_both_of_a_pair_cancels_out() -> None:
    drifting = [100.0, 50.0, 25.0, 10.0]
    found = paired_ratio([value * 0.99 for value in drifting], drifting)
    assert found.median == pytest.approx(0.99)
    assert found.high - found.low == pytest.approx(0)


def test_pairs_that_lack_a_half_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_ratio([1.0, 2.0], [1.0])
