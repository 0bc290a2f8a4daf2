"""The simulated group: what happens to tasks while pods come and go."""

from functools import partial

import pytest
from bench.scaling.floor import Floor
from bench.scaling.outcome import run
from bench.scaling.workloads import Task, Workload
from bench.scaling.world import GRACE, START, STOP, World
from hypothesis import given
from hypothesis import strategies as st


def workload(*tasks: Task, slots: int = 2) -> Workload:
    return Workload("test", "", tasks, lasts=1.0, slots_a_pod=slots)


def scaled(world: World, *changes: tuple[float, int]) -> None:
    """Set the replicas at these seconds."""
    for at, replicas in changes:
        world.after(at, partial(world.set_replicas, replicas))


def test_a_task_waits_for_the_pod_to_start_and_the_price_runs_from_creation_to_the_end() -> None:
    outcome = run(workload(Task(0.0, 5.0, True)), lambda world: scaled(world, (2, 1), (20, 0)))
    assert outcome.p99 == 2 + START
    assert outcome.done == 2 + START + 5
    assert outcome.pod_hours * 3600 == pytest.approx(18 + STOP)
    assert (outcome.killed, len(outcome.changes)) == (0, 2)


@pytest.mark.parametrize(("late", "lost", "repeated"), [(False, 1, 0), (True, 0, 1)])
def test_what_outlives_the_grace_period_is_lost_or_repeated(late: bool, lost: int, repeated: int) -> None:
    outcome = run(workload(Task(0.0, 60.0, late)), lambda world: scaled(world, (0, 1), (START + 5, 0)))
    assert (outcome.lost, outcome.repeated, outcome.killed) == (lost, repeated, 1)
    assert outcome.empty == START + 5 + GRACE


def test_what_ends_within_the_grace_period_is_done() -> None:
    outcome = run(workload(Task(0.0, 20.0, True)), lambda world: scaled(world, (0, 1), (START + 5, 0)))
    assert outcome.killed == 0
    assert outcome.done == START + 20


def test_a_stopped_worker_gives_back_what_it_has_not_begun() -> None:
    tasks = workload(Task(0.0, 10.0, False), Task(0.0, 1.0, False), slots=1)
    outcome = run(tasks, lambda world: scaled(world, (0, 1), (START + 1, 0), (30, 1), (60, 0)))
    assert outcome.killed == 0
    assert outcome.p99 == 30 + START


def test_a_draining_pod_finishes_what_it_holds_and_takes_nothing_more() -> None:
    world = World(workload(Task(0.0, 10.0, True), Task(0.0, 10.0, True), Task(0.0, 1.0, True)))
    scaled(world, (0, 1), (50, 0))
    world.after(START + 1, lambda: world.drain(world.pods[0]))
    world.after(40, lambda: world.undrain(world.pods[0]))
    world.run()
    assert [task.started for task in world.workload.tasks] == [START, START, 40]


def test_the_replica_set_deletes_what_has_not_started_then_the_cheapest_then_the_newest() -> None:
    world = World(workload())
    scaled(world, (0, 3), (START + 1, 4), (START + 2, 3), (START + 4, 2), (START + 6, 1), (START + 8, 0))
    left: list[list[int]] = []
    world.after(START + 3, lambda: setattr(world.pods[0], "cost", -1))
    for at in (3, 5, 7):
        world.after(START + at, lambda: left.append([pod.number for pod in world.counted]))
    world.run()
    assert left == [[1, 2, 3], [2, 3], [2]]


@given(
    lengths=st.lists(st.tuples(st.floats(0, 60), st.floats(0.1, 80), st.booleans()), min_size=1, max_size=20),
    sizes=st.lists(st.tuples(st.floats(0, 100), st.integers(0, 4)), max_size=8),
)
def test_no_task_is_forgotten_whatever_the_scaler_does(
    lengths: list[tuple[float, float, bool]], sizes: list[tuple[float, int]]
) -> None:
    world = World(workload(*(Task(*each) for each in sorted(lengths))))
    scaled(world, *sizes, (101, 4), (400, 0))
    world.run()
    ended = sum(task.ended is not None for task in world.workload.tasks)
    assert ended + world.tally.lost + world.tally.repeated == len(lengths)
    assert world.tally.sizes[-1][1] == 0
    assert max((size for _, size in world.tally.sizes), default=0) >= 1


def test_foresight_has_the_pods_at_once_and_none_longer_than_needed() -> None:
    tasks = workload(*(Task(0.0, 3.0, True) for _ in range(8)))
    outcome = run(tasks, lambda world: Floor(world, 4))
    assert outcome.p99 == START
    assert outcome.pod_hours * 3600 == pytest.approx(4 * (START + 3 + STOP), rel=0.02)
