"""The events of real tasks on real workers of every Celery version become the right records."""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, chain
from redis import Redis
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, RedisServer, redis_server
from tools.testbed.waiting import BUSY_SECONDS

from celery_monitor.events.intake import Intake
from celery_monitor.events.merge import Merger
from celery_monitor.events.receivers.opening import open_receiver
from celery_monitor.records.tasks import TaskRecord
from tests.integration.monitor.events.conftest import until

PROJECT = Path(__file__).parent / "project"
WORKER = "celery@tested"


@contextmanager
def worker(
    world: World, broker: str, home: Path, pool: str = "prefork", *, clock: float = 0.0
) -> Iterator[None]:
    """A worker of that Celery version, which sends task events, until the block ends.

    ``clock``: by how many seconds its clock is ahead.
    """
    (home / "sitecustomize.py").write_text(
        f"import time\n_time = time.time\ntime.time = lambda: _time() + {clock}\n" if clock else ""
    )
    command = [str(world.python()), "-m", "celery", "-A", "events_app", "worker", "-n", WORKER]
    command += ["--pool", pool, "--concurrency", "2", "--loglevel", "INFO"]
    with (home / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, "TEST_BROKER": broker, "PYTHONPATH": str(home)},
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()
        subprocess.run(["pkill", "-9", "-P", str(process.pid)], check=False)


class Watched:
    """A merger at work, and a client of the same application."""

    def __init__(self, merger: Merger, broker: str) -> None:
        self.merger = merger
        self.app = Celery(broker=broker, set_as_current=False)
        self.app.conf.update(task_ignore_result=True, task_send_sent_event=True)

    def send(self, name: str, *args: object, **options: Any) -> str:
        return str(self.app.send_task(name, args, **options).id)

    async def reaches(self, task: str, state: str, seconds: float = 60) -> TaskRecord:
        await until(lambda: self._state(task) == state, seconds)
        record = self.merger.get(task)
        assert record is not None
        return record

    async def progresses(self, task: str) -> TaskRecord:
        await until(lambda: (found := self.merger.get(task)) is not None and found.progress is not None)
        record = self.merger.get(task)
        assert record is not None
        return record

    async def until_online(self) -> None:
        await until(lambda: WORKER in self.merger.workers, 90)

    def _state(self, task: str) -> str | None:
        record = self.merger.get(task)
        return None if record is None else record.state


@asynccontextmanager
async def watching(broker: str) -> AsyncIterator[Watched]:
    merger = Merger()
    intake = Intake(open_receiver(broker), merger)
    task = asyncio.create_task(intake.run())
    await until(lambda: intake.receiver.connected)
    watched = Watched(merger, broker)
    try:
        yield watched
    finally:
        watched.app.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


Url = Callable[[], str]


@pytest.fixture
def redis_url(redis: RedisServer) -> Url:
    return lambda: redis.database(9)


@pytest.fixture
def rabbit_url(rabbit: RabbitServer) -> Url:
    return lambda: rabbit.url


@pytest.mark.parametrize(
    ("world", "broker"),
    [
        (CELERY_5_3, "redis_url"),
        (CELERY_5_6, "redis_url"),
        (CELERY_5_7, "redis_url"),
        (CELERY_5_3, "rabbit_url"),
        (CELERY_5_7, "rabbit_url"),
    ],
    ids=lambda value: value.celery if isinstance(value, World) else value,
)
async def test_the_records_show_what_the_tasks_did(
    world: World, broker: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(broker)()
    async with watching(url) as watched:
        pending = watched.send("shop.add", 1, 2)
        await watched.reaches(pending, "PENDING")
        with worker(world, url, tmp_path):
            await watched.until_online()
            await _successes_and_failures(watched, pending)
            await _retries_revokes_and_limits(watched)
            await _chains(watched)
            await _secrets(watched)
            assert watched.merger.workers[WORKER].missed == 0
            assert watched.merger.counters.malformed == 0


async def _successes_and_failures(watched: Watched, pending: str) -> None:
    added = await watched.reaches(pending, "SUCCESS")
    assert (added.name, added.args, added.result, added.queue) == ("shop.add", "(1, 2)", "3", "celery")
    assert added.worker == WORKER
    assert (added.sent or 0) <= (added.received or 0) <= (added.started or 0) <= (added.finished or 0)
    assert added.runtime is not None
    failed = await watched.reaches(watched.send("shop.fail", "no stock"), "FAILURE")
    assert failed.exception == "ValueError('no stock')"
    assert "raise ValueError(text)" in (failed.traceback or "")
    progressing = watched.send("shop.progress")
    await watched.reaches(progressing, "SUCCESS")
    # The child sends its progress over a connection of its own: it may come after the success.
    progressed = await watched.progresses(progressing)
    assert progressed.progress == '{"current":3,"total":10}'


async def _retries_revokes_and_limits(watched: Watched) -> None:
    retried = await watched.reaches(watched.send("shop.retry"), "SUCCESS")
    assert [(run.outcome, run.retries) for run in retried.runs] == [
        ("RETRY", 0),
        ("RETRY", 1),
        ("SUCCESS", 2),
    ]
    assert (retried.retries, retried.run_twice, retried.runs[0].exception) == (2, False, "OSError('away')")
    running = watched.send("shop.sleep", 600)
    await watched.reaches(running, "STARTED")
    watched.app.control.revoke(running, terminate=True)
    stopped = await watched.reaches(running, "REVOKED")
    assert [run.outcome for run in stopped.runs] == ["REVOKED"]
    eta = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    waiting = watched.send("shop.add", 1, 2, eta=eta)
    held = await watched.reaches(waiting, "RECEIVED")
    assert (held.eta, held.started) == (eta.timestamp(), None)
    expired = await watched.reaches(watched.send("shop.add", 1, 2, expires=-5), "REVOKED")
    assert expired.started is None
    limited = await watched.reaches(watched.send("shop.sleep", 600, time_limit=1), "FAILURE")
    assert "TimeLimitExceeded" in (limited.exception or "")


async def _chains(watched: Watched) -> None:
    add = watched.app.signature("shop.add", app=watched.app)
    last = chain(add.clone((1, 2)), add.clone((3,)), app=watched.app).apply_async()
    second = await watched.reaches(last.id, "SUCCESS")
    assert (second.root_id, second.parent_id, second.result) == (last.parent.id, last.parent.id, "6")


async def _secrets(watched: Watched) -> None:
    task = watched.send("shop.login", "ada", kwargs={"password": "geheim"})
    record = await watched.reaches(task, "SUCCESS")
    assert (record.kwargs, record.arguments_truncated) == ("{'password': ***}", True)
    assert "geheim" not in (record.result or "")


async def test_events_of_a_worker_with_greenlets_arrive_one_by_one(
    redis: RedisServer, tmp_path: Path
) -> None:
    async with watching(redis.database(10)) as watched:
        with worker(CELERY_5_6, redis.database(10), tmp_path, "gevent"):
            await watched.until_online()
            for _ in range(20):
                await watched.reaches(watched.send("shop.add", 1, 2), "SUCCESS")


async def test_tasks_after_a_restart_of_the_broker_are_recorded(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as server:
        async with watching(server.url) as watched:
            with worker(CELERY_5_6, server.url, tmp_path):
                await watched.until_online()
                await watched.reaches(watched.send("shop.add", 1, 2), "SUCCESS")
                await asyncio.to_thread(server.restart)
                with Redis(port=server.port) as client:
                    # Events that no receiver has subscribed to are lost.
                    await until(lambda: bool(client.pubsub_channels("*celeryev*")))
                await watched.reaches(watched.send("shop.add", 3, 4), "SUCCESS", 120)


async def test_a_worker_whose_clock_is_an_hour_ahead_has_the_times_of_the_monitor(
    redis: RedisServer, tmp_path: Path
) -> None:
    async with watching(redis.database(12)) as watched:
        with worker(CELERY_5_6, redis.database(12), tmp_path, clock=3600.0):
            await watched.until_online()
            began = time.time()
            added = await watched.reaches(watched.send("shop.add", 1, 2), "SUCCESS")
            ended = time.time()
            [run] = added.runs
            assert began - BUSY_SECONDS <= (run.received or 0) <= (run.started or 0) <= (run.finished or 0)
            assert (run.finished or 0) <= ended + BUSY_SECONDS
            track = watched.merger.workers[WORKER]
            assert track.clock_skew == pytest.approx(3600.0, abs=BUSY_SECONDS)
            await until(lambda: track.processed == 1)
            assert track.missed == 0
