"""A monitor deletes old tasks for as long as it runs."""

import asyncio
from pathlib import Path

import pytest
from tools.testbed.waiting import wait_for_async

from celery_monitor.history import History, HistoryOptions, TaskFilter
from celery_monitor.history import history as history_module
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.run.parts import make_parts
from celery_monitor.settings import HistorySettings, Settings
from tests.support.monitor_web import NO_BROKER


async def test_a_failure_while_old_tasks_are_deleted_is_a_problem_and_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "_RETENTION_SECONDS", 0.01)
    settings = Settings(connection=NO_BROKER, history=HistorySettings(url=f"sqlite:///{tmp_path}/history.db"))
    failures = [RuntimeError("planted")]

    def clock() -> float:
        task = asyncio.current_task()
        if task is not None and task.get_name() == "The deletion of old tasks" and failures:
            raise failures.pop()
        return 2e9

    history = await History.open(settings.history.url, HistoryOptions(keep_days=1.0), clock)
    await history.write([TaskRecord(id="old", sent=1e9, updated=1e9)])
    parts = make_parts(settings, history, clock)

    async def reported() -> bool:
        return "The deletion of old tasks failed" in (parts.supervisor.problem() or "")

    async def deleted() -> bool:
        return (await history.count(TaskFilter())).number == 0

    running = asyncio.create_task(parts.supervisor.run())
    try:
        await wait_for_async(reported, 30)
        await wait_for_async(deleted, 30)
    finally:
        running.cancel()
        await asyncio.wait({running})
        await history.close()
