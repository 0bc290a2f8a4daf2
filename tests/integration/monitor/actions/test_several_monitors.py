"""Several monitors with one PostgreSQL: one sends cancels again, and another one takes over from it."""

import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
from redis import Redis
from tools.testbed.databases import PostgresServer, postgres_server
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from celery_health.survey.app_connection import resolve
from celery_monitor.control.retries.build import Given, RetryBuilder
from celery_monitor.control.submit import Submission
from celery_monitor.history import History, HistoryOptions
from celery_monitor.records.bulk import ItemState
from celery_monitor.records.tasks import TaskRecord
from tests.integration.monitor.actions.harness import WAIT_SECONDS, World, change, until_state
from tests.integration.monitor.actions.test_bulk_runner import actions, started, wanted, write

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


def test_another_monitor_keeps_a_cancel_when_the_one_that_took_it_is_killed(
    tmp_path: Path, redis: RedisServer, postgres: PostgresServer
) -> None:
    world = World(tmp_path, redis.database(0))
    database = ("--database", postgres.database())
    with ExitStack() as stack:
        first = stack.enter_context(world.monitor(*database, name="first"))
        second = stack.enter_context(world.monitor(*database, name="second"))
        by_first, by_second, free = (world.send("jobs.note", number) for number in range(3))
        for task_id in (by_first, by_second):
            until_state(second, task_id, "PENDING")
        for monitor, task_id in ((first, by_first), (second, by_second)):
            assert change(monitor, f"/tasks/{task_id}/cancel")[0] == 202
        # Either of them sends what the other one took, and only one answers starting workers.
        for monitor, task_id in ((second, by_first), (first, by_second)):
            wait_for(lambda m=monitor, t=task_id: m.task(t)["cancel"]["sends"], WAIT_SECONDS)  # type: ignore[misc]
        wait_for(lambda: _listening(first.text(), second.text()) == 1, WAIT_SECONDS)
        leader, other = (first, second) if _listening(first.text()) else (second, first)
        leader.stop(signal.SIGKILL)
        wait_for(lambda: _listening(other.text()) == 1, WAIT_SECONDS, other.text)
        with world.worker("w1", "-P", "prefork", answered_by=other):
            until_state(other, free, "SUCCESS")
            for task_id in (by_first, by_second):
                until_state(other, task_id, "REVOKED")
            assert world.ids_that_ran() == [free]


async def test_a_retry_that_took_longer_than_its_lease_is_left_to_the_monitor_that_took_over(
    redis: RedisServer, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = resolve(None, None, redis.database(1), None, {})
    options = HistoryOptions(schema="slow_retry")
    async with AsyncExitStack() as stack:
        monitors = []
        for _ in range(2):
            history = await History.open(postgres.database(), options)
            stack.push_async_callback(history.close)
            monitors.append((history, actions(history, connection)))
        (history, slow), (_, quick) = monitors
        await write(history, "a")
        bulk_id = await started(slow, await slow.bulk.propose(wanted(), "ann"))
        build = RetryBuilder.submission

        async def take_over(builder: RetryBuilder, record: TaskRecord, given: Given) -> Submission:
            made = await build(builder, record, given)
            monkeypatch.undo()
            async with history.changing() as session:
                await session.execute(f"UPDATE {history._database.prefix}leases SET expires = 0", [])
            assert await quick.bulk_runner.part() is True
            return made

        monkeypatch.setattr(RetryBuilder, "submission", take_over)
        assert await slow.bulk_runner.part() is False
        progress = await history.bulks.progress(bulk_id)
        assert (progress.states, progress.problems) == ({ItemState.DONE: 1}, [])
    with Redis.from_url(redis.database(1)) as client:
        assert client.llen("mail") == 1


def _listening(*logs: str) -> int:
    """How many of the monitors have begun to answer workers that start."""
    return sum("Receives remote control" in log for log in logs)
