"""The application of the monitor with a real history in SQLite."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from celery_monitor.history import History
from celery_monitor.live.views import QueueView, WorkerView
from tests.integration.monitor.history.examples import many
from tests.support.monitor_web import FakeLive, served

TASKS = 3000


@pytest.fixture(scope="package")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the tasks: to fill one takes much longer than to copy it."""
    file = tmp_path_factory.mktemp("filled") / "history.db"

    async def fill() -> None:
        history = await History.open(f"sqlite:///{file}")
        await history.write(many(TASKS))
        await history.close()

    asyncio.run(fill())
    assert not file.with_name("history.db-wal").exists(), "everything is in the one file"
    return file


@pytest.fixture
async def history(filled: Path, tmp_path: Path) -> AsyncIterator[History]:
    copy = shutil.copy(filled, tmp_path)
    opened = await History.open(f"sqlite:///{copy}")
    yield opened
    await opened.close()


@pytest.fixture
def live() -> FakeLive:
    return FakeLive(
        worker_views=[WorkerView(name="celery@web-1", online=True, queues=("mail",), slots=4)],
        queue_views=[QueueView(name="mail", ready=7, by_priority={0: 7})],
    )


@pytest.fixture
async def client(history: History, live: FakeLive) -> AsyncIterator[TestClient[Any, Any]]:
    async with served(history=history, live=live, metrics=lambda: [b"up 1\n"]) as served_client:
        yield served_client
