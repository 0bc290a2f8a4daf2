"""Deaths that workers announce to each other add up to the same everywhere, whatever is lost or repeated."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_probe.agent.own_quarantine.deaths import ANNOUNCED_IDS, KEPT_IDS, Listed, SharedDeaths

WINDOW = 600.0


def deaths(*times: float, task_id: str = "a") -> SharedDeaths:
    found = SharedDeaths()
    for number, mono in enumerate(times):
        found.add(task_id, "shop.hog", f"one-{number}", mono)
    return found


def sent(shared: SharedDeaths, now: float) -> Any:
    """What another worker receives."""
    (announcement,) = shared.announcements(shared.next_ids(KEPT_IDS), now) or [{}]
    return json.loads(json.dumps(announcement))


def test_the_third_death_within_ten_minutes_lists_the_task() -> None:
    shared = deaths(1.0, 300.0)
    assert shared.listed(300.0) == frozenset()
    assert shared.add("a", "shop.hog", "one-3", 601.0) == Listed("a", "shop.hog", 3)
    assert shared.listed(601.0) == {"a"}
    # It is listed already.
    assert shared.add("a", "shop.hog", "one-4", 602.0) is None


def test_deaths_that_are_further_apart_list_nothing() -> None:
    assert deaths(0.0, 300.0, 601.0).listed(601.0) == frozenset()
    assert deaths(0.0, 700.0, 1400.0, 2100.0).listed(2100.0) == frozenset()


def test_a_task_stays_listed_until_ten_minutes_after_its_last_death() -> None:
    shared = deaths(0.0, 10.0, 500.0)
    assert shared.quarantined(510.0) == [{"id": "a", "name": "shop.hog", "left": WINDOW - 10.0}]
    assert shared.listed(500.0 + WINDOW) == {"a"}
    assert shared.quarantined(500.1 + WINDOW) == []
    assert shared.listed(500.1 + WINDOW) == frozenset()
    assert not shared


def test_two_workers_with_different_clocks_count_together() -> None:
    one, two = deaths(1000.0, 1001.0), SharedDeaths()
    assert two.merge(sent(one, 1002.0), 7.0) == []
    assert two.add("a", "shop.hog", "two-1", 8.0) == Listed("a", "shop.hog", 3)
    assert one.merge(sent(two, 8.0), 1003.0) == [Listed("a", "shop.hog", 3)]
    assert one.listed(1003.0) == two.listed(8.0) == {"a"}


def test_a_worker_that_starts_later_learns_a_listed_task_from_one_announcement() -> None:
    old = deaths(0.0, 300.0, 599.0)
    later = SharedDeaths()
    # The first death is older than the window by now, and the task is in quarantine all the same.
    assert later.merge(sent(old, 1100.0), 5.0) == [Listed("a", "shop.hog", 3)]
    assert later.listed(5.0) == {"a"}


def test_an_announcement_that_is_repeated_adds_nothing() -> None:
    one, two = deaths(1.0, 2.0), SharedDeaths()
    for now in range(3, 10):
        assert two.merge(sent(one, float(now)), float(now)) == []
        assert one.merge(sent(two, float(now)), float(now)) == []
    assert two.listed(10.0) == one.listed(10.0) == frozenset()


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans()), min_size=1, max_size=30),
)
def test_whatever_is_lost_a_last_announcement_of_each_makes_all_workers_agree(
    steps: list[tuple[int, int, bool]],
) -> None:
    workers = [SharedDeaths() for _ in range(3)]
    for number, (own, other, arrives) in enumerate(steps):
        workers[own].add(f"id-{number % 4}", "t", f"{own}-{number}", float(number))
        if arrives:
            workers[other].merge(sent(workers[own], float(number)), float(number))
    now = float(len(steps))
    for _ in range(2):
        for worker in workers:
            for receiver in workers:
                receiver.merge(sent(worker, now), now)
    assert workers[0].listed(now) == workers[1].listed(now) == workers[2].listed(now)


@pytest.mark.parametrize(
    "announcement",
    [
        None,
        [],
        {"a": None},
        {"a": {"name": "t"}},
        {"a": {"name": "t", "deaths": {"m": "late"}}},
        {"a": {"name": "t", "deaths": {"m": 1, "n": 2, "o": 3}}, "b": None},
        {str(number): {"name": "t", "deaths": {}} for number in range(ANNOUNCED_IDS + 1)},
    ],
)
def test_what_is_no_announcement_raises(announcement: Any) -> None:
    shared = SharedDeaths()
    with pytest.raises((TypeError, ValueError, KeyError, AttributeError)):
        shared.merge(announcement, 1.0)
    assert not shared


@pytest.mark.parametrize("age", [-1.0, 1200.1, float("nan"), float("inf")])
def test_deaths_in_the_future_or_long_ago_do_not_count(age: float) -> None:
    shared = SharedDeaths()
    shared.merge({"a": {"name": "t", "deaths": {str(mark): age for mark in range(3)}}}, 5000.0)
    assert shared.listed(5000.0) == frozenset()


def test_12_000_ids_take_bounded_room_and_a_listed_task_is_not_forgotten() -> None:
    shared = deaths(0.0, 0.1, 0.2)
    for number in range(12_000):
        shared.add(f"{'x' * 300}{number}", "n" * 300, f"{'m' * 300}{number}", 1 + number / 100)
    announced = shared.announcements(shared.next_ids(KEPT_IDS + 1), 302.0)
    assert sum(map(len, announced)) <= KEPT_IDS
    assert any("a" in part for part in announced)
    assert all(len(part) <= ANNOUNCED_IDS for part in announced)
    assert all(len(json.dumps(part)) < 100_000 for part in announced)
    assert all(len(task_id) <= 256 for part in announced for task_id in part)


@pytest.mark.parametrize(("ids", "most_runs"), [(KEPT_IDS, 3 * KEPT_IDS), (12_000, 50_000)])
def test_many_ids_that_die_in_turn_all_reach_quarantine(ids: int, most_runs: int) -> None:
    shared, runs = SharedDeaths(), 0
    waiting = [f"id-{number}" for number in range(ids)]
    while waiting and runs < most_runs:
        again = []
        for task_id in waiting:
            runs += 1
            if shared.add(task_id, "shop.hog", f"one-{runs}", runs / 200) is None:
                again.append(task_id)
        waiting = again
    assert (waiting, runs) == ([], min(runs, most_runs))
