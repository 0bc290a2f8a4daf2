"""All connections to the database are in use: that passes, as an outage of the database does."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from celery_monitor.history import History, HistoryUnavailableError, TaskFilter
from celery_monitor.history.database import connection
from celery_monitor.history.database.connection import Database
from celery_monitor.history.requests.transaction import changing
from celery_monitor.records.tasks import TaskRecord
from tests.support.monitor_web import API, VIEWER, problem, served


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> AsyncIterator[History]:
    monkeypatch.setattr(connection, "POOL_SECONDS", 0.05)
    opened = await History.open(f"sqlite:///{tmp_path / 'history'}", clock=clock)
    yield opened
    await opened.close()


def database_of(history: History) -> Database:
    return history._database


async def test_reading_is_unavailable_and_works_again_later(history: History) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(connection.READERS):
            await stack.enter_async_context(database_of(history).reading())
        with pytest.raises(HistoryUnavailableError, match="cannot be read now"):
            await history.count(TaskFilter())
        async with served(history=history) as client:
            response: ClientResponse = await client.get(f"{API}/tasks", headers=VIEWER)
            assert response.status == 503
            assert response.headers["Retry-After"]
            await problem(response)
    assert (await history.count(TaskFilter())).number == 0


async def test_changes_wait_and_are_written_later(history: History, clock: Clock) -> None:
    async with database_of(history).writing():
        await history.write([TaskRecord(id="1", name="shop.pay")])
        assert (history.status().available, history.status().buffered) == (False, 1)
        with pytest.raises(HistoryUnavailableError, match="cannot be written now"):
            async with changing(database_of(history)):
                pass
    clock.now += 60
    await history.write([TaskRecord(id="2", name="shop.pay")])
    assert (history.status().available, history.status().buffered) == (True, 0)
    assert (await history.count(TaskFilter())).number == 2
