"""Workers and queues as the monitor sees them on real brokers."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from tools.testbed.servers import rabbit_server, redis_server
from tools.testbed.waiting import wait_for_async

from celery_health.why.answer import Answer
from celery_monitor.live.queues import MAX_QUEUES
from celery_monitor.live.views import OfflineReason
from celery_monitor.live.why.service import Why
from celery_monitor.live.why.tasks import Percentile
from celery_monitor.metrics.task_counts import Kind
from celery_monitor.records.tasks import TaskRecord
from tests.integration.monitor.live.harness import WAIT_SECONDS, Monitor, kill, monitor, worker


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """A Redis of the test: workers are killed here, and leave what they had."""
    with redis_server(tmp_path / "redis") as server:
        yield server.url


def send(broker: str, seconds: float, queue: str = "celery", priority: int = 0) -> str:
    with Celery("producer", broker=broker, set_as_current=False) as app:
        return str(app.send_task("shop.nap", args=[seconds], queue=queue, priority=priority).id)


async def test_a_worker_that_sends_no_events_at_all_is_listed_with_its_queues(
    redis: str, tmp_path: Path
) -> None:
    silent = ["--without-heartbeat", "--without-gossip", "--without-mingle"]
    with worker(tmp_path, redis, silent):
        async with monitor(redis) as watched:
            await watched.until(
                lambda: (
                    [(one.name, one.online, one.queues) for one in watched.live.workers()]
                    == [("w1@test", True, ("celery",))]
                ),
                "the worker is listed",
            )


class FromMerger:
    """The records of the merger, where there is no history."""

    def __init__(self, watched: Monitor) -> None:
        self._watched = watched

    async def record(self, task_id: str) -> TaskRecord | None:
        return self._watched.merger.get(task_id)

    async def active_on(self, worker: str) -> list[TaskRecord]:
        return [
            one for one in self._watched.merger.unfinished() if (one.worker, one.state) == (worker, "STARTED")
        ]

    async def runtime(self, name: str) -> Percentile | None:
        return None

    async def cancel(self, task_id: str) -> None:
        return None

    async def succeeded_as(self, task_id: str) -> str | None:
        return None


async def until_reason(why: Why, task_id: str, reason: str) -> Answer:
    """The answer, once it has this reason."""

    async def reached() -> Answer | None:
        answer = await why.answer(task_id)
        return answer if answer.reason == reason else None

    return await wait_for_async(reached, WAIT_SECONDS, f"{task_id} is {reason}")


async def test_a_worker_and_its_tasks_from_start_to_loss(redis: str, tmp_path: Path) -> None:
    async with monitor(redis) as watched:
        with worker(tmp_path, redis, ["--prefetch-multiplier", "1"]) as process:
            live = watched.live

            def view() -> object:
                known = live.worker("w1@test")
                return known is not None and known.online and known.queues == ("celery",) and known.slots == 2

            await watched.until(view, "the worker with its queues and slots")
            # Its task events are off at first: the monitor switches them on.
            await watched.until_events_are_on("w1@test")
            ids = [send(redis, 300) for _ in range(5)]
            await watched.until(lambda: watched.state(ids[1]) == "STARTED", "a task that runs")

            def complete() -> bool:
                known = live.worker("w1@test")
                return known is not None and (known.pool, known.task_events) == ("prefork", True)

            await watched.until(complete, "its pool and its task events")
            await watched.until(lambda: live.stats().active == 2, "two active tasks by the heartbeat")

            why = Why(live, FromMerger(watched), watched.connection)
            await watched.until(lambda: watched.state(ids[2]) == "RECEIVED", "a reserved task")
            await until_reason(why, ids[0], "Running")
            await until_reason(why, ids[2], "Reserved")
            waiting = await until_reason(why, ids[4], "Waiting")
            assert "2 slots serve the queue" in waiting.sentence
            started = {("shop.nap", "test", "celery"): 2}
            await watched.until(lambda: live.counts.counts[Kind.STARTED] == started, "two counted starts")

            kill(process)
            await watched.until(lambda: not live.workers()[0].online, "the silence of the worker")
            assert live.workers()[0].offline_reason is OfflineReason.NO_HEARTBEAT
            await watched.until(lambda: watched.state(ids[0]) == "LOST", "the loss of its tasks")
            await until_reason(why, ids[0], "LostWithWorker")


async def test_why_says_that_it_searched_only_the_queues_that_the_monitor_has_room_for(redis: str) -> None:
    async with monitor(redis) as watched:
        why = Why(watched.live, FromMerger(watched), watched.connection)

        async def says_so() -> bool:
            return any("does not know all queues" in line for line in (await why.answer("nowhere")).evidence)

        async def knows_all() -> bool:
            return not await says_so()

        await wait_for_async(knows_all, WAIT_SECONDS, "all queues")
        watched.live.known_queues.need((f"tenant{number}" for number in range(MAX_QUEUES + 1)), time.time())
        assert await says_so()


async def test_queues_with_priorities_and_without_a_worker_on_redis(redis: str) -> None:
    for priority in (0, 0, 9):
        send(redis, 0, queue="forgotten", priority=priority)
    async with monitor(redis) as watched:
        await watched.until(lambda: watched.live.queue("forgotten") is not None, "a queue without a worker")
        queue = watched.live.queue("forgotten")

    assert queue is not None
    assert (queue.ready, queue.by_priority, queue.workers) == (3, {0: 2, 9: 1}, ())
    assert queue.unacknowledged is None


async def test_a_worker_that_shuts_down_says_so(redis: str, tmp_path: Path) -> None:
    async with monitor(redis) as watched:
        with worker(tmp_path, redis) as process:
            await watched.until(lambda: watched.live.stats().workers_online, "the worker")
            process.terminate()
            await watched.until(lambda: not watched.live.stats().workers_online, "its end")

            def said_so() -> bool:
                # A worker that is held up first misses heartbeats.
                view = watched.live.worker("w1@test")
                return view is not None and view.offline_reason is OfflineReason.SHUT_DOWN

            await watched.until(said_so, "its last word")


async def test_consumers_and_queues_on_rabbitmq(tmp_path: Path) -> None:
    with rabbit_server(tmp_path / "rabbit") as rabbit:
        async with monitor(rabbit.url) as watched:
            with worker(tmp_path / "worker", rabbit.url):

                def consumed() -> bool:
                    queue = watched.live.queue("celery")
                    return queue is not None and queue.consumers == 1 and queue.workers == ("w1@test",)

                await watched.until(consumed, "the queue with its consumer")
                await watched.until_events_are_on("w1@test")
                task_id = send(rabbit.url, 0)
                await watched.until(lambda: watched.state(task_id) == "SUCCESS", "the task")
