"""What the question reads from a real history."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from celery_monitor.history import History
from celery_monitor.live.why.history_tasks import HistoryTasks
from celery_monitor.records.requests import RequestedRetry
from celery_monitor.records.tasks import Run, TaskRecord

NOW = 1_790_000_000.0


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    opened = await History.open(f"sqlite:///{tmp_path}/history.db", clock=lambda: NOW)
    yield opened
    await opened.close()


def running(task_id: str, worker: str) -> TaskRecord:
    run = Run(number=1, worker=worker, received=NOW - 60, started=NOW - 50)
    return TaskRecord(
        id=task_id, name="shop.report", state="STARTED", worker=worker, received=NOW - 60, started=NOW - 50,
        state_time=NOW - 50, updated=NOW - 50, runs=[run],
    )  # fmt: skip


async def test_active_tasks_come_from_the_history(history: History) -> None:
    await history.write([running("1", "w1@a"), running("2", "w2@a")])
    tasks = HistoryTasks(history, lambda _: None, clock=lambda: NOW)

    assert [one.id for one in await tasks.active_on("w1@a")] == ["1"]
    stored = await tasks.record("1")
    assert stored is not None
    assert stored.worker == "w1@a"
    assert await tasks.record("never") is None


async def test_a_task_in_memory_is_newer_than_the_history_and_may_know_less(history: History) -> None:
    stored, newer = running("1", "w1@a"), running("1", "w2@a")
    stored.queue, newer.state_time = "mail", NOW
    await history.write([stored])

    found = await HistoryTasks(history, {"1": newer}.get).record("1")

    assert found is not None
    assert (found.worker, found.queue) == ("w2@a", "mail")


async def test_the_retry_of_a_retry_that_succeeded_is_found(history: History) -> None:
    failed, again, done = (running(task_id, "w1@a") for task_id in ("failed", "again", "done"))
    failed.state = again.state = "FAILURE"
    await history.write([failed, again, done])
    for at, (new, old) in enumerate((("lost", "failed"), ("again", "failed"), ("done", "again"))):
        retry = RequestedRetry(task_id=new, retry_of=old, at=NOW + at, identity="ann")
        await history.retries.reserve(retry, again=True)
    tasks = HistoryTasks(history, lambda _: None, clock=lambda: NOW)
    assert await tasks.succeeded_as("failed") is None

    done.state, done.state_time = "SUCCESS", NOW
    await history.write([done])

    assert await tasks.succeeded_as("failed") == "done"
    assert await tasks.succeeded_as("again") == "done"
    assert await tasks.succeeded_as("done") is None
