"""The shapes of document 000: the numbers of tasks, and the words of its overall health."""

from typing import Any

import pytest

from celery_monitor.web.compatible.redis_and_celery import celery_status, health_of
from tests.unit.monitor.web.compatible.states import A_WORKER, AWAY, state

TASKS = {"SUCCESS": 40, "FAILURE": 2, "PENDING": 3}


def test_tasks_are_counted_by_their_state() -> None:
    """Its "Task Statistics" and "Status Classification"."""
    found = celery_status(state(ready={"celery": 5, "mail": 1}, workers=(A_WORKER,)), TASKS)
    assert (found.active_tasks, found.queued_tasks) == (A_WORKER.active_count, 6)
    assert (found.completed_tasks, found.failed_tasks) == (40, 2)
    assert found.tasks_by_state == TASKS


def test_numbers_that_are_unknown_are_not_zero() -> None:
    found = celery_status(state(ready={"celery": 5, "mail": None}), None)
    assert (found.queued_tasks, found.completed_tasks, found.failed_tasks) == (-1, None, None)


@pytest.mark.parametrize(
    ("parts", "word"),
    [({"workers": (A_WORKER,)}, "healthy"), ({}, "degraded"), ({"broker": AWAY}, "unhealthy")],
    ids=["Redis running, workers active", "Redis running, no workers", "Redis not running"],
)
def test_the_overall_health(parts: dict[str, Any], word: str) -> None:
    assert health_of(None, state(**parts), {}, "shop").overall_status == word


def test_failed_tasks_are_a_recommendation() -> None:
    fleet = state(workers=(A_WORKER,))
    [advice] = health_of(None, fleet, TASKS, "shop").recommendations
    assert advice.startswith("2 failed tasks")
    assert health_of(None, fleet, {"SUCCESS": 40}, "shop").recommendations == []
