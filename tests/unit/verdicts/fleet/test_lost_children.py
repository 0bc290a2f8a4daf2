"""Children that die without a poison task, and tasks that are gone with them."""

from dataclasses import replace

import pytest

from celery_health.catalogue.deaths import DeathReason
from celery_health.verdicts.deaths import FleetDeaths, TaskDeaths, WorkerDeaths
from celery_health.verdicts.fleet import lost_children
from celery_health.verdicts.fleet.evidence import FleetEvidence
from tests.unit.verdicts.fleets import watched


def fleet(*workers: WorkerDeaths) -> FleetEvidence:
    return replace(watched(), deaths=FleetDeaths(workers))


def death(id_: str, count: int = 1, *, returns: bool = True) -> TaskDeaths:
    return TaskDeaths(id_, "shop.nap", count, 0.0, 10.0, "signal SIGSEGV", returns=returns)


@pytest.mark.parametrize(("lost", "said"), [(4, False), (5, True)])
def test_some_deaths_without_a_task_are_worth_a_verdict(lost: int, said: bool) -> None:
    verdict = lost_children.check_children(fleet(WorkerDeaths("shop-1", children_lost=lost)))
    assert (verdict is not None) is said
    if verdict:
        assert verdict.reason is DeathReason.CHILDREN_LOST
        assert verdict.message == "5 processes of the pool of shop-1 died within 10 min. Causes: unknown."


def test_the_deaths_of_a_poison_task_are_not_counted_twice() -> None:
    worker = WorkerDeaths("shop-1", (death("a", 40),), children_lost=44)
    assert lost_children.check_children(fleet(worker)) is None
    assert lost_children.check_children(fleet(replace(worker, children_lost=45))) is not None


def test_the_worst_worker_comes_first_and_the_causes_are_named() -> None:
    workers = (
        WorkerDeaths(
            "shop-1", (death("a"), death("b")), children_lost=2, processed=10, runs=(("shop.nap", 9),)
        ),
        WorkerDeaths("shop-2", children_lost=7),
    )
    verdict = lost_children.check_children(fleet(*workers))
    assert verdict is not None
    assert (
        verdict.message
        == "9 processes of the pool of shop-2 and shop-1 died within 10 min. Causes: signal SIGSEGV."
    )
    assert verdict.subjects == ("shop-2", "shop-1")


def test_a_cause_that_a_poison_task_explains_is_not_named() -> None:
    hog = TaskDeaths("a", "shop.hog", 5, 0.0, 10.0, "exit status 3")
    worker = WorkerDeaths("shop-1", (hog, death("b", 2), death("c", 2)), children_lost=11)
    verdict = lost_children.check_children(fleet(worker))
    assert verdict is not None
    assert verdict.message == "6 processes of the pool of shop-1 died within 10 min. Causes: signal SIGSEGV."


def test_tasks_that_raised_systemexit_get_another_remedy_than_settings() -> None:
    left = replace(death("a", returns=False), failed=True)
    worker = WorkerDeaths("shop-1", (left,), children_lost=1, tasks_lost=1)
    verdict = lost_children.check_tasks(fleet(worker))
    assert verdict is not None
    assert "was lost because of SystemExit" in verdict.message
    assert "task_acks_late" not in verdict.remedy

    both = replace(worker, tasks=(left, death("b", returns=False)), children_lost=2, tasks_lost=2)
    mixed = lost_children.check_tasks(fleet(both))
    assert mixed is not None
    assert "task_acks_late" in mixed.remedy


def test_tasks_that_are_gone_are_counted() -> None:
    worker = WorkerDeaths("shop-1", (death("a", returns=False),), children_lost=1, tasks_lost=1)
    verdict = lost_children.check_tasks(fleet(worker, WorkerDeaths("shop-2", children_lost=1)))
    assert verdict is not None
    assert verdict.message == "Within 10 min, 1 task (shop.nap) was lost when a process of the worker ended."
    assert verdict.subjects == ("shop-1",)


def test_lost_tasks_that_no_entry_describes_get_the_usual_remedy() -> None:
    verdict = lost_children.check_tasks(fleet(WorkerDeaths("shop-1", children_lost=1, tasks_lost=1)))
    assert verdict is not None
    assert verdict.message == "Within 10 min, 1 task was lost when a process of the worker ended."
    assert "task_acks_late" in verdict.remedy


def test_tasks_whose_messages_go_back_are_not_lost() -> None:
    assert lost_children.check_tasks(fleet(WorkerDeaths("shop-1", (death("a"),), children_lost=1))) is None


def test_a_worker_with_several_entries_is_one_worker() -> None:
    """One for the process that runs, one for a process that is gone, one for an end."""
    lost = WorkerDeaths("shop-1", children_lost=5, tasks_lost=1)
    gone = WorkerDeaths("shop-1", (death("a", 9, returns=False),), tasks_lost=9)
    evidence = fleet(lost, gone, WorkerDeaths("shop-1"))
    children, tasks = lost_children.check_children(evidence), lost_children.check_tasks(evidence)
    assert children is not None
    assert tasks is not None
    assert children.message.startswith("5 processes of the pool of shop-1 died")
    assert (children.subjects, tasks.subjects) == (("shop-1",), ("shop-1",))
