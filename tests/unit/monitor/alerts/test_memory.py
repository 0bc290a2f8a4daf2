"""The duty is lost while alerts are being stored."""

import asyncio
from collections.abc import Iterable, Sequence
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
