"""The fleet's verdicts on real workers and a real Redis: what is found, and what must not be."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_6, CELERY_5_7, World
from tools.testbed.proxy import proxy
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from celery_health.broker import BrokerReading
from celery_health.readers import reader_for
from celery_health.verdicts.fleet import hoarding, hung_tasks, orphaned_messages, stalled_workers
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSnapshot, worker_snapshot
from celery_operator.observe.waiting import WaitingQueues
from tests.integration.agent.harness import AgentWorker, agent_worker, producer

SOON = FleetThresholds(stalled_after=3.0, hung_grace=1.0)


class Watch:
    """Reads a worker and its broker, as the operator does in each reconcile."""

    def __init__(self, worker: AgentWorker, url: str) -> None:
        self._worker = worker
        self._url = url
        self.waiting = WaitingQueues()

    def snapshot(self) -> tuple[WorkerSnapshot, BrokerReading] | None:
        """The worker and the broker now; None before the first report."""
        reading = asyncio.run(self._read())
        self.waiting.update(reading, time.monotonic())
        report = self._worker.report()
        if report is None:
            return None
        age = time.monotonic() - report.written_mono
        return worker_snapshot("worker", report, report.consuming, age), reading

    def stalled(self) -> bool:
        """One more snapshot, and whether the worker is stalled by all that was seen."""
        seen = self.snapshot()
        return seen is not None and self.stalls(*seen)

    def stalls(self, worker: WorkerSnapshot, broker: BrokerReading) -> bool:
        """Whether the worker is stalled by all that was seen."""
        evidence = FleetEvidence(broker, (worker,), waiting_for=self.waiting.nonempty_for(), thresholds=SOON)
        return stalled_workers.is_stalled(worker, evidence)

    def waits_for(self) -> float:
        """For how long the queue has been seen to hold messages."""
        return self.waiting.nonempty_for().get("celery", 0.0)

    async def _read(self) -> BrokerReading:
        reader = reader_for(self._url)
        try:
            return await reader.read(["celery"])
        finally:
            await reader.close()


@pytest.mark.parametrize(
    ("world", "pool"),
    [(CELERY_5_6, "prefork"), (CELERY_5_7, "threads")],
    ids=lambda one: getattr(one, "celery", one),
)
def test_a_worker_whose_connection_is_half_open_is_stalled(world: World, pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        proxy(redis.port) as between,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, f"redis://127.0.0.1:{between.port}/0") as worker,
    ):
        worker.wait_until_consuming()
        _nap(app, 0.0, times=3)
        worker.wait_until(lambda report: report.processed == 3 and report.active_count == 0)
        watch = Watch(worker, redis.url)
        assert not watch.stalled()

        between.fall_silent()
        # The first may still be handed to the dead connection: Redis does not know that it is one.
        _nap(app, 0.0, times=5)
        wait_for(watch.stalled, 30.0, lambda: f"the worker stalls; last: {worker.report()}")
        assert watch.waits_for() > SOON.stalled_after


def test_a_busy_worker_with_a_full_prefetch_is_neither_stalled_nor_hoarding(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url) as worker,
    ):
        worker.wait_until_consuming()
        _nap(app, 60.0, times=30)
        worker.wait_until(lambda report: report.active_count == 2)
        watch = Watch(worker, redis.url)
        seen_worker, broker = _after_waiting(watch)
        assert seen_worker.active_count == seen_worker.slots == 2
        assert not watch.stalls(seen_worker, broker)
        assert not hoarding.is_hoarding(seen_worker, SOON)


def test_a_worker_that_rate_limits_fill_hoards_and_is_not_stalled(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "threads", redis.url) as worker,
    ):
        worker.wait_until_consuming()
        for _ in range(30):
            app.send_task("agent_app.limited", queue="celery")
        worker.wait_until(lambda report: report.processed == 1 and report.transport.can_consume is False)
        watch = Watch(worker, redis.url)
        seen_worker, broker = _after_waiting(watch)
        assert not watch.stalls(seen_worker, broker)
        assert hoarding.is_hoarding(seen_worker, SOON)


def test_tasks_far_in_the_future_are_a_hoard_and_have_an_owner(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url) as worker,
    ):
        worker.wait_until_consuming()
        for _ in range(120):
            app.send_task("agent_app.nap", (0,), queue="celery", countdown=3600)
        worker.wait_until(lambda report: report.eta == 120)
        seen = Watch(worker, redis.url).snapshot()
        assert seen is not None
        seen_worker, broker = seen
        assert hoarding.is_hoarding(seen_worker)
        assert broker.unacked is not None
        assert broker.unacked.count == seen_worker.in_flight == 120
        at_once = FleetThresholds(orphan_share=0.0)
        owned = FleetEvidence(broker, (seen_worker,), workers_known=True, thresholds=at_once)
        assert orphaned_messages.check(owned) is None
        # The same messages without their worker.
        assert orphaned_messages.check(replace(owned, workers=())) is not None


def test_a_task_past_its_limit_hangs_where_no_pool_enforces_limits(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, "threads", redis.url) as worker,
    ):
        worker.wait_until_consuming()
        app.send_task("agent_app.nap", (60,), queue="celery", time_limit=2)
        _nap(app, 60.0, times=1)
        watch = Watch(worker, redis.url)

        def hangs() -> WorkerSnapshot | None:
            seen = watch.snapshot()
            both_run = seen is not None and seen[0].active_count == 2
            return seen[0] if seen and both_run and hung_tasks.hung_tasks(seen[0], SOON) else None

        seen_worker = wait_for(hangs, 40.0, lambda: f"the task hangs; last: {worker.report()}")
        assert [task.limit for task in hung_tasks.hung_tasks(seen_worker, SOON)] == [2.0]


def _after_waiting(watch: Watch) -> tuple[WorkerSnapshot, BrokerReading]:
    """Worker and broker, once messages have waited and it has begun nothing for longer than the limit."""

    def waited() -> tuple[WorkerSnapshot, BrokerReading] | None:
        seen = watch.snapshot()
        long = watch.waits_for() > SOON.stalled_after
        return seen if seen and long and (seen[0].idle_for or 0.0) > SOON.stalled_after else None

    return wait_for(waited, 30.0, lambda: f"messages wait; last: {watch.snapshot()}")


def _nap(app: Celery, seconds: float, *, times: int) -> None:
    for _ in range(times):
        app.send_task("agent_app.nap", (seconds,), queue="celery")
