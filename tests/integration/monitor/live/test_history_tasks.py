"""What the question reads from a real history."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from celery_monitor.history import History
from celery_monitor.live.why.history_tasks import HistoryTasks
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


async def test_a_task_in_memory_is_newer_than_the_history(history: History) -> None:
    await history.write([running("1", "w1@a")])
    newer = running("1", "w2@a")

    assert await HistoryTasks(history, {"1": newer}.get).record("1") is newer
