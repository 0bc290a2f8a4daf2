"""Which tasks the scaling tests send, and which sizes they ask for."""

import ast
import sys
from collections import Counter
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.scale_soak.lanes import shares
from tools.scale_soak.scaling_orders import (
    ETA_SHARE,
    MODES,
    SHORTEST,
    STEPS,
    burst_of_priorities,
    fifo_seconds,
    first_burst,
    mean_seconds,
    pace,
    same,
    second_burst,
    stream,
)
from tools.scale_soak.size_changes import size_changes
from tools.scale_soak.stand import modules

IN_THE_IMAGE = {"celery", "kombu", "redis", "shop", "soak_tasks", "scaling_orders"}


@given(st.floats(0.5, 3600), st.integers(0, 1000))
def test_a_stream_keeps_to_its_durations_and_has_both_modes_and_etas(longest: float, seed: int) -> None:
    orders = list(islice(stream(longest, seed, "q"), 200))
    assert orders == list(islice(stream(longest, seed, "q"), 200))
    assert all(SHORTEST <= order.seconds <= longest * 1.001 for order in orders)
    assert {order.mode for order in orders} == set(MODES)
    assert {order.queue for order in orders} == {"q"}
    countdowns = [order.countdown for order in orders if order.countdown]
    assert 0 < len(countdowns) < 3 * ETA_SHARE * len(orders)
    assert all(0 < countdown <= longest for countdown in countdowns)


def test_the_mean_is_that_of_many_tasks() -> None:
    many = [order.seconds for order in islice(stream(60, 1, "q"), 20_000)]
    assert sum(many) / len(many) == pytest.approx(mean_seconds(60), rel=0.03)


def test_waves_are_high_then_low_and_keep_the_rate_on_average() -> None:
    assert pace(4, 0, 123) == 4
    assert pace(4, 20, 1) > 4 > pace(4, 20, 11)
    assert pace(4, 20, 1) == pace(4, 20, 21)
    assert (pace(4, 20, 1) + pace(4, 20, 11)) / 2 == pytest.approx(4)


def test_the_bursts_are_those_that_others_were_measured_with() -> None:
    first, second = first_burst(), second_burst()
    assert len(first) == 600
    assert (min(one.seconds for one in first), max(one.seconds for one in first)) == (0.1, 5.0)
    assert sum(one.seconds for one in first) / 12 == pytest.approx(80)
    assert len(second) == 120
    assert Counter(one.seconds == 45 for one in second) == {False: 90, True: 30}
    assert first_burst() == first


def test_a_burst_of_priorities_has_every_step_on_every_queue() -> None:
    orders = burst_of_priorities(2000, ["default", "urgent"], seed=7)
    assert len(orders) == 2000
    assert {(order.queue, order.priority) for order in orders} == {
        (queue, step) for queue in ("default", "urgent") for step in STEPS
    }


def test_tasks_that_are_alike_are_acknowledged_in_turn() -> None:
    assert [order.mode for order in same(3, 1.0)] == ["late", "early", "late"]
    assert {order.mode for order in same(3, 1.0, modes=("late",))} == {"late"}


@given(st.lists(st.floats(0.1, 60), min_size=1, max_size=60), st.integers(1, 12))
def test_no_order_takes_less_than_its_work_or_its_longest_task_or_more_than_one_slot(
    durations: list[float], slots: int
) -> None:
    taken = fifo_seconds(durations, slots)
    assert taken >= max(*durations, sum(durations) / slots) - 1e-6
    assert taken <= sum(durations) + 1e-6


def test_thirty_tasks_of_45_s_take_three_rounds_on_twelve_slots() -> None:
    assert fifo_seconds([45.0] * 30, 12) == 135.0


@given(st.integers(0, 1000), st.integers(2, 8))
def test_sizes_stay_in_range_and_a_hasty_one_is_taken_back(seed: int, largest: int) -> None:
    asked = list(islice(size_changes(seed, largest), 60))
    assert asked == list(islice(size_changes(seed, largest), 60))
    assert asked[0].replicas == largest
    assert all(1 <= change.replicas <= largest for change in asked)
    assert not any(one.replicas == other.replicas for one, other in pairwise(asked))
    for before, hasty, after in zip(asked, asked[1:], asked[2:], strict=False):
        if hasty.hasty:
            assert hasty.replicas < before.replicas == after.replicas
            assert not after.hasty


def test_sizes_reach_one_pod_and_some_are_hasty() -> None:
    asked = list(islice(size_changes(7, 4), 100))
    assert any(change.replicas == 1 for change in asked)
    assert 0 < sum(change.hasty for change in asked) < 40


@given(st.integers(0, 500), st.integers(1, 9))
def test_lanes_share_the_scale_ins_evenly(total: int, lanes: int) -> None:
    parts = shares(total, lanes)
    assert sum(parts) == total
    assert max(parts) - min(parts) <= 1


def test_what_is_mounted_imports_nothing_that_the_image_lacks() -> None:
    for name, text in modules().items():
        desired = {
            module.partition(".")[0]
            for node in ast.walk(ast.parse(text))
            for module in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert desired <= IN_THE_IMAGE | sys.stdlib_module_names, name
