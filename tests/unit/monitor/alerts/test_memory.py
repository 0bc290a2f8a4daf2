"""The duty is lost while alerts are being stored."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from celery_monitor.alerts.memory import AlertMemory
from celery_monitor.records.alerts import AlertKey, AlertRecord, AlertState, Delivered, Silence
from tests.unit.monitor.alerts.worlds import NOW

BLIND, LOSES = AlertKey("CeleryMonitorBlind"), AlertKey("CeleryMonitorLosesEvents")


class Alerts:
    """A table of alerts. A change of it waits until a test lets it go on."""

    def __init__(self) -> None:
        self.kept: set[AlertKey] = set()
        self.changing = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.while_reading: Callable[[], None] | None = None

    async def change(self, changed: Iterable[AlertRecord], gone: Iterable[AlertKey]) -> None:
        self.changing.set()
        await self.goes_on.wait()
        self.kept = (self.kept | {one.key for one in changed}) - set(gone)

    async def all(self) -> list[AlertRecord]:
        return [record(key) for key in self.kept]

    async def delivered(self) -> Sequence[Delivered]:
        return ()

    async def note_delivered(self, delivered: Sequence[Delivered]) -> None:
        """Nothing is kept."""

    async def silences(self, _now: float) -> Sequence[Silence]:
        if self.while_reading is not None:
            self.while_reading()
        return ()


def record(key: AlertKey) -> AlertRecord:
    return AlertRecord(key=key, state=AlertState.FIRING, began=NOW, seen=NOW, fired=NOW)


async def test_what_is_stored_when_the_duty_is_lost_deletes_nothing() -> None:
    alerts = Alerts()
    history: Any = SimpleNamespace(alerts=alerts)
    memory = AlertMemory(history, {BLIND.rule, LOSES.rule})
    await memory.load(NOW)
    memory.records = {key: record(key) for key in (BLIND, LOSES)}
    stores = [asyncio.create_task(memory.store(NOW)) for _ in range(2)]
    async with asyncio.timeout(10):
        await alerts.changing.wait()
        memory.forget()
        alerts.goes_on.set()
        await asyncio.gather(*stores)
    assert alerts.kept == {BLIND, LOSES}


async def test_what_is_read_when_the_duty_comes_back_is_not_mixed_with_what_was_known_before() -> None:
    alerts = Alerts()
    history: Any = SimpleNamespace(alerts=alerts)
    memory = AlertMemory(history, {BLIND.rule, LOSES.rule})
    await memory.load(NOW)
    memory.records = {BLIND: record(BLIND)}
    store = asyncio.create_task(memory.store(NOW))
    async with asyncio.timeout(10):
        await alerts.changing.wait()
        memory.forget()
        load = asyncio.create_task(memory.load(NOW))
        alerts.goes_on.set()
        await asyncio.gather(store, load)
    assert set(memory.records) == {BLIND}


async def test_a_silence_that_is_added_while_the_others_are_read_counts_at_once() -> None:
    alerts = Alerts()
    history: Any = SimpleNamespace(alerts=alerts)
    memory = AlertMemory(history, {BLIND.rule})
    await memory.load(NOW)
    added = Silence(id="a", matchers=(), until=NOW + 60, at=NOW, comment="", identity="ann")

    def add() -> None:
        memory.silences = [*memory.silences, added]

    alerts.while_reading = add
    await memory.store(NOW)
    assert list(memory.silences) == [added]
    alerts.while_reading = None
    await memory.store(NOW)
    assert list(memory.silences) == []
