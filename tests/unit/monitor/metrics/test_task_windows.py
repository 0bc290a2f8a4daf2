"""Runs of the last minutes by task name."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from celery_monitor.metrics.labels import OTHER
from celery_monitor.metrics.task_windows import FAILURE_MINUTES, MOST_NAMES, RUNTIME_MINUTES, TaskWindows

NOW = 1_790_000_000.0


def test_a_failure_counts_for_five_minutes() -> None:
    windows = TaskWindows(NOW)
    windows.started("pay")
    windows.failed("pay")
    for minute in range(1, FAILURE_MINUTES + 1):
        windows.turn(NOW + 60 * minute)
        assert windows.failing(10) == {"pay": 100.0}
    windows.turn(NOW + 60 * (FAILURE_MINUTES + 1))
    assert windows.failing(10) == {}


def test_a_share_is_of_the_started_runs_and_never_above_all_of_them() -> None:
    windows = TaskWindows(NOW)
    for _ in range(10):
        windows.started("pay")
    windows.failed("pay")
    windows.failed("began long ago")
    assert windows.failing(10) == {"began long ago": 100.0}
    windows.failed("pay")
    assert windows.failing(10) == {"began long ago": 100.0, "pay": 20.0}


def test_the_slowest_twentieth_decides_and_is_forgotten_after_a_quarter_of_an_hour() -> None:
    windows = TaskWindows(NOW, slow_seconds=10)
    for seconds in (*[1.0] * 94, 11.0, 12.0, 13.0, 14.0, 15.0):
        windows.ran("pay", seconds)
    assert windows.slow() == {"pay": 11.0}
    windows.ran("pay", 10.0)
    assert windows.slow() == {}
    windows.ran("pay", 20.0)
    assert windows.slow() == {"pay": 11.0}
    windows.turn(NOW + 60 * RUNTIME_MINUTES)
    assert windows.slow() == {"pay": 11.0}
    windows.turn(NOW + 60 * (RUNTIME_MINUTES + 1))
    assert windows.slow() == {}


def test_a_long_pause_empties_every_window() -> None:
    windows = TaskWindows(NOW, slow_seconds=10)
    windows.failed("pay")
    windows.ran("pay", 11.0)
    windows.turn(NOW + 86_400)
    assert (windows.failing(0), windows.slow()) == ({}, {})


def test_names_without_number_share_one_place() -> None:
    windows = TaskWindows(NOW)
    for number in range(MOST_NAMES + 5):
        windows.failed(f"invented-{number}")
    assert len(windows.failing(0)) == MOST_NAMES + 1
    assert OTHER in windows.failing(0)


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab"), st.booleans()), max_size=60))
def test_the_sums_are_those_of_the_minutes(events: Iterable[tuple[int, str, bool]]) -> None:
    windows, seen = TaskWindows(NOW), []
    for minute, name, failed in sorted(events):
        windows.turn(NOW + 60 * minute)
        windows.started(name)
        seen.append((minute, name, failed))
        if failed:
            windows.failed(name)
        last = [one for one in seen if one[0] >= minute - FAILURE_MINUTES]
        for each in "ab":
            runs = sum(one[1] == each for one in last)
            failures = sum(one[1] == each and one[2] for one in last)
            assert windows.failing(0).get(each, 0) == (100.0 * failures / runs if failures else 0)
