"""Changes go to the history in turns, and none gets lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.waiting import wait_for_async

from celery_monitor.events.merge import Merger
from celery_monitor.history import History, HistoryOptions, parse_filter
from celery_monitor.live.live import Live
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.run.flushing import Flusher
from tests.unit.monitor.events.samples import T0, received
from tests.unit.monitor.live.worlds import Clock

TASKS = 1_200


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    opened = await History.open(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    yield opened
    await opened.close()


class _Watched(Merger):
    """Notes how often others were served before each part was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.served = 0
        self.parts: list[tuple[int, int]] = []
        for number in range(TASKS):
            self.apply(received(1, task=str(number)), T0 + 1)

    def take_changed(self, most: int | None = None) -> list[TaskRecord]:
        part = super().take_changed(most)
        self.parts.append((len(part), self.served))
        return part


async def test_others_are_served_while_many_records_are_taken(history: History) -> None:
    merger = _Watched()

    async def serve() -> None:
        while True:
            merger.served += 1
            await asyncio.sleep(0)

    serving = asyncio.create_task(serve())
    await Flusher(merger, Live(clock=Clock(T0)), history).flush()
    serving.cancel()

    assert sum(count for count, _ in merger.parts) == TASKS
    assert max(count for count, _ in merger.parts) <= 500
    assert len({served for _, served in merger.parts}) == len(merger.parts)
    assert (await history.count(parse_filter(""))).number == TASKS


async def test_what_was_taken_when_a_flush_is_cancelled_is_written_with_the_next(history: History) -> None:
    merger = _Watched()
    flusher = Flusher(merger, Live(clock=Clock(T0)), history)
    flush = asyncio.create_task(flusher.flush())
    await asyncio.sleep(0)  # it takes the first part, and lets others be served
    flush.cancel()
    await asyncio.wait([flush])
    assert len(merger.parts) == 1

    await flusher.flush()

    assert (await history.count(parse_filter(""))).number == TASKS


async def test_changes_leave_the_merger_while_earlier_ones_are_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = await History.open(f"sqlite:///{tmp_path / 'h.sqlite3'}", HistoryOptions(most_buffered=100))
    writing, free = asyncio.Event(), asyncio.Event()
    store = history._writer._store

    async def store_later(*parts: Any) -> None:
        writing.set()
        await free.wait()
        await store(*parts)

    async def nothing_changed() -> bool:
        return merger.changed == 0

    async def nothing_waits() -> bool:
        return history.status().buffered == 0

    monkeypatch.setattr(history._writer, "_store", store_later)
    merger = Merger()
    running = asyncio.create_task(Flusher(merger, Live(clock=Clock(T0)), history).run())
    merger.apply(received(1, task="first"), T0 + 1)
    await writing.wait()
    for number in range(TASKS):
        merger.apply(received(2, task=str(number)), T0 + 2)
    await wait_for_async(nothing_changed)
    waits = history.status()
    assert (waits.buffered, waits.dropped) == (100, TASKS - 100)

    free.set()
    await wait_for_async(nothing_waits)
    running.cancel()
    await asyncio.wait([running])
    await history.close()
    written = await History.open(f"sqlite:///{tmp_path / 'h.sqlite3'}")
    assert (await written.count(parse_filter(""))).number == 101
    await written.close()
