"""The plan of a soak."""

from itertools import pairwise

from tools.soak.plan import FIRST_SECONDS, PAUSE_SECONDS, QUIET_END_SECONDS, Kind, plan


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan(1800, seed=1) == plan(1800, seed=1)
    assert plan(1800, seed=1) != plan(1800, seed=2)


def test_three_minutes_hold_every_kind_of_fault() -> None:
    assert {planned.kind for planned in plan(180, seed=7)} == set(Kind)


def test_faults_come_after_the_begin_one_by_one_and_leave_a_quiet_end() -> None:
    times = [planned.at for planned in plan(600, seed=3)]
    assert times[0] == FIRST_SECONDS
    assert times[-1] < 600 - QUIET_END_SECONDS
    assert all(later - earlier >= PAUSE_SECONDS[0] for earlier, later in pairwise(times))
