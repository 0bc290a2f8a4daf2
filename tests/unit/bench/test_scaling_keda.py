"""The model of KEDA, held against its documents and against what the real one did."""

from itertools import pairwise

import pytest
from bench.scaling.keda import DEFAULT, FAST, UNLIMITED, Keda, Settings
from bench.scaling.outcome import Outcome, run
from bench.scaling.workloads import Task, Workload, measured_burst

PHASES = [(number + 0.5) / 5 for number in range(5)]


def backlog(tasks: int, seconds: float, max_pods: int = 30) -> Workload:
    return Workload("test", "", [Task(0.0, seconds, True) for _ in range(tasks)], 1.0, max_pods)


def outcome(workload: Workload, settings: Settings, phase: float = 0.0) -> Outcome:
    return run(workload, lambda world: Keda(world, settings, phase))


def sizes(found: Outcome) -> list[int]:
    return [replicas for _, replicas in found.changes]


def test_the_first_pod_comes_with_the_poll_and_the_rest_in_steps_of_the_hpa() -> None:
    found = outcome(backlog(400, 20), FAST)
    assert sizes(found)[:4] == [1, 5, 10, 20]
    times = [at for at, _ in found.changes[1:4]]
    assert [later - earlier for earlier, later in pairwise(times)] == [15, 15]


def test_without_a_step_limit_the_hpa_wants_the_length_by_the_target_at_once() -> None:
    assert sizes(outcome(backlog(100, 5), UNLIMITED))[:2] == [1, 20]


def test_within_the_tolerance_nothing_moves() -> None:
    # 15 wait: 3 pods. They take 6 and 7 more come: 16 wait, too many for 3 pods but for the tolerance.
    tasks = [Task(at, 100.0, True) for at in [0.0] * 15 + [9.0] * 7]
    found = outcome(Workload("test", "", tasks, 10.0), FAST)
    assert [replicas for at, replicas in found.changes if at < 100] == [1, 3]


def test_the_defaults_keep_the_highest_size_of_five_minutes() -> None:
    found = outcome(backlog(100, 5), DEFAULT)
    peak = max(sizes(found))
    reached = next(at for at, replicas in found.changes if replicas == peak)
    lowered = next(at for at, replicas in found.changes if at > reached)
    assert lowered - reached >= 285


def test_a_length_of_zero_for_the_cooldown_ends_all_pods_and_kills_what_runs_on() -> None:
    found = outcome(backlog(1, 120), FAST)
    assert found.killed == 1
    assert sizes(found)[-1] == 0


@pytest.mark.parametrize("phase", PHASES)
def test_at_its_defaults_it_does_the_measured_burst_as_the_real_one_did(phase: float) -> None:
    """Measured: done after 114 s, nothing killed, where 80 s is the least possible."""
    found = outcome(measured_burst(1, long_tasks=False), DEFAULT, phase)
    assert 95 <= found.done <= 135
    assert found.killed == 0


@pytest.mark.parametrize("phase", PHASES)
def test_at_its_fastest_it_kills_long_tasks_as_the_real_one_did(phase: float) -> None:
    """Measured: 8 of 120 killed."""
    assert 3 <= outcome(measured_burst(1, long_tasks=True), FAST, phase).killed <= 12
