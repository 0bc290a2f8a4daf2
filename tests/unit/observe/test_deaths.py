"""Deaths are remembered beyond the process and the pod, and only with a cause that speaks of a task."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from celery_health.verdicts.deaths import FleetDeaths
from celery_health.wire.deaths import EndedTask, NameDeaths, ProcessEnd, TaskDeaths
from celery_operator.observe.deaths import MOST_KEPT, SeenDeaths
from celery_operator.snapshot import ContainerEnd, PodState
from tests.unit.decide.pods import NOW, pod, reading, report

HOG = TaskDeaths(
    id="1",
    name="warehouse.hog",
    count=3,
    first_mono=60.0,
    last_mono=90.0,
    cause="signal SIGSEGV",
    returns=True,
)


def reporting(*deaths: TaskDeaths, name: str = "a", pid: int = 7) -> PodState:
    """A pod whose report, of the worker's second 100, is two seconds old."""
    shown = report(
        pid=pid,
        started_mono=float(pid),
        deaths=deaths,
        deaths_by_name=tuple(NameDeaths(name=one.name, count=one.count, runs=9) for one in deaths),
        children_lost=sum(one.count for one in deaths),
    )
    return replace(pod(name), reading=replace(reading(), report=shown, age=2.0))


def ended(exit_code: int, *, oom: bool = False, seconds_ago: float = 5.0) -> PodState:
    """A pod whose worker's process ended while it ran a task, and how the kubelet describes it."""
    end = ProcessEnd(
        pid=7,
        started_mono=7.0,
        ended_mono=95.0,
        ended_age=5.0,
        active_count=1,
        active=(EndedTask(id="1", name="warehouse.hog", ran_for=1.0),),
        memory_limit_bytes=1 << 28,
    )
    known = ContainerEnd(exit_code, oom, NOW - timedelta(seconds=seconds_ago))
    return replace(pod("a"), reading=replace(reading(), ends=(end,)), last_end=known)


def counts(deaths: FleetDeaths) -> dict[str, int]:
    return {victim.id: victim.count for victim in deaths.victims()}


def test_times_are_by_the_clock_of_the_operator() -> None:
    (worker,) = SeenDeaths().update((reporting(HOG),), 1000.0, NOW).workers
    assert (worker.worker, worker.runs, worker.children_lost) == ("a", (("warehouse.hog", 9),), 3)
    (task,) = worker.tasks
    assert (task.first, task.last, task.count) == (958.0, 988.0, 3)


def test_deaths_outlive_the_process_and_the_pod() -> None:
    seen = SeenDeaths()
    seen.update((reporting(HOG),), 1000.0, NOW)
    assert counts(seen.update((reporting(HOG, pid=8),), 1001.0, NOW)) == {"1": 6}
    assert counts(seen.update((), 1002.0, NOW)) == {"1": 6}
    assert counts(seen.update((), 989.0 + 601.0, NOW)) == {}


def test_children_count_only_while_their_process_runs() -> None:
    seen = SeenDeaths()
    assert seen.update((reporting(HOG),), 1000.0, NOW).children_lost == 3
    assert seen.update((reporting(pid=8),), 1001.0, NOW).children_lost == 0


def test_a_process_that_reports_again_is_not_counted_again() -> None:
    seen = SeenDeaths()
    seen.update((reporting(HOG),), 1000.0, NOW)
    more = structs.replace(HOG, count=4)
    assert counts(seen.update((reporting(more),), 1001.0, NOW)) == {"1": 4}


@pytest.mark.parametrize(
    ("exit_code", "oom", "cause"),
    [
        (137, True, "signal SIGKILL"),
        (139, False, "signal SIGSEGV"),
        (3, False, "exit status 3"),
        (255, False, "exit status 255"),
    ],
)
def test_an_end_has_the_cause_that_the_kubelet_gives(exit_code: int, oom: bool, cause: str) -> None:
    (worker,) = SeenDeaths().update((ended(exit_code, oom=oom),), 1000.0, NOW).workers
    (death,) = worker.process_deaths
    assert (death.at, death.cause, death.oom) == (995.0, cause, oom)
    assert worker.memory_limit == 1 << 28
    assert (death.tasks, death.task_count) == ((("1", "warehouse.hog"),), 1)


@pytest.mark.parametrize("exit_code", [0, 130, 137, 143])
def test_an_end_that_may_be_ordered_is_no_death(exit_code: int) -> None:
    assert SeenDeaths().update((ended(exit_code),), 1000.0, NOW) == FleetDeaths()


def test_an_end_waits_for_the_kubelet_and_is_counted_once() -> None:
    seen = SeenDeaths()
    assert counts(seen.update((replace(ended(139), last_end=None),), 999.0, NOW)) == {}
    assert counts(seen.update((ended(139, seconds_ago=500.0),), 999.5, NOW)) == {}
    assert counts(seen.update((ended(139),), 1000.0, NOW)) == {"1": 1}
    assert counts(seen.update((ended(139),), 1001.0, NOW)) == {"1": 1}


@pytest.mark.parametrize("returns", [True, False])
def test_an_end_by_a_memory_error_needs_no_kubelet_and_counts_as_a_death_by_that_task(returns: bool) -> None:
    shown = ended(1)
    assert shown.reading is not None
    (end,) = shown.reading.ends
    ends = tuple(
        structs.replace(end, cause="MemoryError", returns=returns, ended_mono=95.0 + number)
        for number in range(3)
    )
    pod_ = replace(shown, reading=replace(shown.reading, ends=ends), last_end=None)
    seen = SeenDeaths()
    for _ in range(2):
        deaths = seen.update((pod_,), 1000.0, NOW)
    (victim,) = deaths.victims()
    assert (victim.count, victim.alone, victim.cause, victim.returns) == (3, 3, "MemoryError", returns)
    assert (deaths.children_lost, deaths.tasks_lost) == (3, 0 if returns else 3)
    assert deaths.deaths_by_name() == {"warehouse.hog": 3}


def test_a_pod_that_is_deleted_shows_no_new_death() -> None:
    assert SeenDeaths().update((replace(reporting(HOG), deleting=True),), 1000.0, NOW) == FleetDeaths()


def test_memory_is_bounded() -> None:
    seen = SeenDeaths()
    for number in range(3 * MOST_KEPT):
        deaths = seen.update((reporting(HOG, pid=number),), 1000.0, NOW)
    assert len(deaths.workers) == MOST_KEPT


def test_the_deaths_in_every_pod_count_however_many_pods_there_are() -> None:
    pods = tuple(replace(reporting(HOG, name=f"p{number}"), uid=f"u{number}") for number in range(300))
    seen = SeenDeaths()

    for now in (1000.0, 1004.0):
        assert counts(seen.update(pods, now, NOW)) == {"1": 300 * HOG.count}
