"""Progress of tasks, and how long a task may take."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from celery import signals
from celery.worker import state

from celery_probe.agent import contract
from celery_probe.agent.worker import tasks


@pytest.fixture(autouse=True)
def _started() -> Iterator[None]:
    before = state.all_total_count[0]
    yield
    state.all_total_count[0] = before


def test_progress_begins_with_the_first_observation() -> None:
    progress = tasks.Progress()
    assert progress.mono is None
    progress.note(0, 100.0)
    progress.note(0, 101.0)
    assert progress.mono == 100.0


def test_the_start_and_the_end_of_a_task_are_progress() -> None:
    progress = tasks.Progress()
    progress.note(0, 100.0)
    state.all_total_count[0] += 1
    progress.note(1, 101.0)
    assert progress.mono == 101.0
    progress.note(1, 102.0)
    assert progress.mono == 101.0
    progress.note(0, 103.0)
    assert progress.mono == 103.0


@pytest.mark.parametrize("name", ["task_revoked", "task_rejected", "task_unknown"])
def test_a_task_that_ends_without_having_begun_is_progress(name: str) -> None:
    tasks.count_discards()
    tasks.count_discards()  # once an application: it must not count twice
    progress = tasks.Progress()
    progress.note(0, 100.0)
    getattr(signals, name).send(sender=None)
    progress.note(0, 101.0)
    assert progress.mono == 101.0


def test_eta_tasks_that_are_due_are_counted_apart() -> None:
    def waiting(eta: float, *args: Any, canceled: bool = False) -> Any:
        return SimpleNamespace(eta=eta, entry=SimpleNamespace(args=args, canceled=canceled))

    task = SimpleNamespace(request_dict={})
    queue = [
        waiting(90.0, task),
        waiting(130.0, task),
        waiting(130.1, task),
        waiting(101.0, task, canceled=True),
        waiting(101.0),
        waiting(101.0, "a heartbeat"),
    ]
    assert tasks.eta_counts(SimpleNamespace(_queue=queue), 100.0) == (3, 2)


def request(message: tuple[Any, Any], hard: Any = None, soft: Any = None) -> Any:
    task = SimpleNamespace(time_limit=hard, soft_time_limit=soft)
    return SimpleNamespace(id="a1", name="sell", time_start=5.0, time_limits=message, task=task)


@pytest.mark.parametrize(
    ("message", "of_the_task", "of_the_worker", "limit"),
    [
        ((None, None), (None, None), (None, None), None),
        ((30, 20), (300, 200), (3000, 2000), 30.0),
        ((None, 20), (None, None), (None, None), 20.0),
        ((None, 20), (300, None), (None, None), 300.0),
        ((None, None), (None, 200), (3000, None), 3000.0),
        ((None, None), (None, None), (None, 2000), 2000.0),
        ((None, None), (0, 0), (None, None), None),
    ],
)
def test_the_hard_limit_counts_and_the_nearest_one_of_a_kind(
    message: tuple[Any, Any],
    of_the_task: tuple[Any, Any],
    of_the_worker: tuple[Any, Any],
    limit: float | None,
) -> None:
    controller = SimpleNamespace(time_limit=of_the_worker[0], soft_time_limit=of_the_worker[1])
    shown = tasks.describe(request(message, *of_the_task), controller)
    assert shown == {"id": "a1", "name": "sell", "started_at": 5.0, "limit": limit}


@pytest.mark.parametrize("limit", ["soon", [5], 10**400])
def test_a_limit_or_an_id_that_another_producer_made_up_hides_no_task(limit: Any) -> None:
    strange = request((limit, None), None, None)
    strange.id = 7
    shown = tasks.describe(strange, SimpleNamespace())
    assert (shown["id"], shown["limit"]) == ("7", None)


def test_of_many_active_tasks_the_longest_and_the_latest_are_shown() -> None:
    began = [*range(1, 500), None]  # the last one begins right now
    active = [SimpleNamespace(time_start=start) for start in sorted(began, key=str)]

    shown = [request.time_start for request in tasks.shown(active)]

    assert shown == [*range(1, 81), *range(481, 500), None]
    assert tasks.shown(active[:100]) == active[:100]


@pytest.mark.parametrize("length", [contract.NAME_LENGTH - 1, contract.NAME_LENGTH, 10_000])
def test_the_runs_of_a_long_name_count_although_reports_cut_it(length: int) -> None:
    name = "x" * length
    state.total_count.update({name: 7, "y": 2})
    try:
        assert tasks.runs(name[: contract.NAME_LENGTH]) == 7
    finally:
        del state.total_count[name], state.total_count["y"]
