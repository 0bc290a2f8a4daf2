"""After a start, the monitor asks what others hear of the workers that it does not hear itself."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from tools.testbed.waiting import BUSY_SECONDS, wait_for_async

from celery_monitor.events.merge import Merger
from celery_monitor.history import History
from celery_monitor.live.live import Live
from celery_monitor.records.samples import WorkerSample
from celery_monitor.records.states import STARTED
from celery_monitor.records.tasks import Run, TaskRecord
from celery_monitor.run.restoring import Restorer
from tests.unit.monitor.events.samples import OTHER, T0, WORKER, event
from tests.unit.monitor.live.worlds import Clock


def started(identity: str, worker: str) -> TaskRecord:
    run = Run(number=1, worker=worker, received=T0, started=T0)
    return TaskRecord(id=identity, state=STARTED, worker=worker, started=T0, state_time=T0, runs=[run])


def known(live: Live, name: str) -> float:
    """When the worker was last seen."""
    worker = live.known_workers.get(name)
    assert worker is not None
    return worker.seen_at


async def test_the_history_is_asked_until_each_worker_was_heard_and_no_longer(tmp_path: Path) -> None:
    history = await History.open(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    clock, merger = Clock(T0 + 10), Merger()
    live = Live(clock=clock)
    try:
        await history.write([started("a", WORKER), started("b", OTHER)])
        restorer = Restorer(merger, live, history, ask_seconds=0.01)
        workers = await restorer.restore()
        assert workers == {WORKER, OTHER}
        watch = asyncio.create_task(restorer.watch(workers, clock.now))
        history.take([], workers=[WorkerSample(at=T0 + 20, name=WORKER, online=True)])
        await history.write()

        async def seen_by_the_other() -> bool:
            return known(live, WORKER) == T0 + 20

        await wait_for_async(seen_by_the_other, BUSY_SECONDS)

        merger.apply(event("worker-heartbeat", 21, worker=OTHER), T0 + 21)
        assert not watch.done()
        merger.apply(event("worker-heartbeat", 22), T0 + 22)

        await asyncio.wait_for(watch, BUSY_SECONDS)
    finally:
        await history.close()


async def test_a_worker_that_is_forgotten_is_asked_about_no_longer(tmp_path: Path) -> None:
    history = await History.open(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    clock = Clock(T0)
    live = Live(clock=clock)
    try:
        await history.write([started("a", WORKER)])
        restorer = Restorer(Merger(), live, history, ask_seconds=0.01)
        workers = await restorer.restore()
        watch = asyncio.create_task(restorer.watch(workers, clock.now))
        for later in (60.0, 2 * 86_400.0):
            clock.now += later
            live.known_workers.expire(clock.now)

        await asyncio.wait_for(watch, BUSY_SECONDS)
    finally:
        await history.close()


_NONE: Mapping[str, int] = MappingProxyType({})


class _Restored(Merger):
    """Notes with each call of ``restore`` how many tasks it brought, and how often others were served."""

    def __init__(self, served: list[None]) -> None:
        super().__init__()
        self.calls: list[tuple[int, int]] = []
        self._served = served

    def restore(
        self, records: Iterable[TaskRecord], processed: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        before = len(self)
        super().restore(records, processed)
        self.calls.append((len(self) - before, len(self._served)))


async def test_others_are_served_while_many_tasks_are_restored(tmp_path: Path) -> None:
    history = await History.open(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    served: list[None] = []
    merger = _Restored(served)

    async def serve() -> None:
        while True:
            served.append(None)
            await asyncio.sleep(0)

    serving = asyncio.create_task(serve())
    try:
        await history.write([started(str(number), WORKER) for number in range(2_000)])
        await Restorer(merger, Live(clock=Clock(T0)), history).restore()
    finally:
        serving.cancel()
        await history.close()
    assert sum(count for count, _ in merger.calls) == 2_000
    assert max(count for count, _ in merger.calls) <= 500
    assert len({at for _, at in merger.calls}) == len(merger.calls)
