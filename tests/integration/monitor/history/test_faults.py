"""The database away, the disk full, the writer killed: nothing that was stored is lost or counted twice."""

import asyncio
import os
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.databases import PostgresServer, postgres_server
from tools.testbed.waiting import wait_for_async

from celery_monitor.history import (
    History,
    HistoryOptions,
    HistoryUnavailableError,
    TaskFilter,
    Window,
    parse_filter,
)
from celery_monitor.history.database.session import DriverError
from celery_monitor.history.views import AuditEntry
from celery_monitor.records.tasks import TaskRecord
from tests.integration.monitor.history.checks import assert_rollups_are_the_sum_of_the_tasks
from tests.integration.monitor.history.examples import NOW, finished, many

ALWAYS = Window(0.0, NOW * 2)


class Clock:
    """The time of the writer, which a test moves over its pauses."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


async def _write_out(history: History, clock: Clock) -> bool:
    clock.now += 60
    await history.write([])
    return history.status().buffered == 0


async def test_changes_wait_while_the_server_is_away() -> None:
    clock = Clock()
    with postgres_server() as server:
        history = await History.open(server.database(), HistoryOptions(most_buffered=100), clock)
        await history.write([finished("before")])
        server.stop()
        for batch in range(5):
            clock.now += 60
            await history.write([finished(f"{batch}-{number}") for number in range(30)])
        status = history.status()
        assert (status.available, status.buffered, status.dropped) == (False, 100, 50)
        assert status.problem is not None
        assert status.lag_seconds > 0
        with pytest.raises(HistoryUnavailableError, match="cannot be read now"):
            await history.task("before")
        assert await history.task("4-29") == finished("4-29")
        server.start()
        await wait_for_async(lambda: _write_out(history, clock))
        status = history.status()
        assert (status.available, status.problem, status.faulty) == (True, None, 0)
        assert {record.id for record in (await history.tasks(TaskFilter(), limit=1_000)).items} == {
            "before",
            *(f"1-{number}" for number in range(20, 30)),
            *(f"{batch}-{number}" for batch in (2, 3, 4) for number in range(30)),
        }
        await history.close()


async def test_a_change_that_waits_is_read_with_what_is_stored(
    database_url: str, options: HistoryOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = await History.open(database_url, options)
    await history.write([TaskRecord(id="a", name="shop.mail", sent=NOW)])

    async def refused(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(history._writer, "_store", refused)
        await history.write([finished("a", name=None, sent=None)])
        assert history.status().buffered == 1
        found = await history.task("a")
    assert found is not None
    assert (found.state, found.name, found.sent) == ("SUCCESS", "shop.mail", NOW)
    await history.close()


async def test_a_crash_of_the_server_in_mid_write_loses_and_doubles_nothing() -> None:
    clock = Clock()
    records = many(3_000)
    with postgres_server() as server:
        history = await History.open(server.database(), clock=clock)

        async def write_all() -> None:
            for start in range(0, len(records), 50):
                clock.now += 60
                await history.write(records[start : start + 50])

        writing = asyncio.create_task(write_all())
        for _ in range(2):
            await wait_for_async(lambda: _changed(history))
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        await writing
        await wait_for_async(lambda: _write_out(history, clock))
        assert (await history.count(TaskFilter())).number == 3_000
        await assert_rollups_are_the_sum_of_the_tasks(history)
        await history.close()


async def _changed(history: History) -> bool:
    try:
        before = (await history.overview(ALWAYS)).tasks
        await asyncio.sleep(0)
        return before > 0
    except HistoryUnavailableError:
        return False


async def test_a_writer_that_is_killed_leaves_whole_batches(
    database_url: str, options: HistoryOptions
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.monitor.history.writing_program"),
        *(database_url, options.schema),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    acknowledged = 0
    while acknowledged < 1_000:
        line = await process.stdout.readline()
        assert line
        acknowledged = int(line)
    process.kill()
    rest = (await process.stdout.read()).split()
    await process.wait()
    acknowledged = max([acknowledged, *map(int, rest)])
    history = await History.open(database_url, options)
    stored = (await history.count(TaskFilter())).number
    assert acknowledged <= stored <= acknowledged + 100
    assert stored % 100 == 0
    assert (await history.overview(ALWAYS)).outcomes.received == stored
    await history.write(many(20_000)[:1_500])
    assert (await history.overview(ALWAYS)).outcomes.received == max(stored, 1_500)
    await history.close()


def _largest_file(folder: Path) -> int:
    return max(file.stat().st_size for file in folder.iterdir())


async def test_a_full_disk_is_reported_and_what_waited_is_written_later(tmp_path: Path) -> None:
    clock = Clock()
    history = await History.open(f"sqlite:///{tmp_path}/history.db", clock=clock)
    await history.write(many(100))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_largest_file(tmp_path) + 50_000, limits[1]))
    try:
        await history.write([finished(f"big-{number}", args="x" * 4_000) for number in range(500)])
        status = history.status()
        assert (status.available, status.buffered, status.faulty) == (False, 500, 0)
        waiting = await history.task("big-1")
        assert waiting is not None
        assert waiting.state == "SUCCESS"
        assert (await history.count(TaskFilter())).number == 100
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    await wait_for_async(lambda: _write_out(history, clock))
    assert history.status().problem is None
    assert (await history.count(TaskFilter())).number == 600
    await assert_rollups_are_the_sum_of_the_tasks(history)
    await history.close()


async def test_a_monitor_that_stops_in_mid_transaction_does_not_stop_the_others(
    postgres: PostgresServer, options: HistoryOptions
) -> None:
    one = await History.open(postgres.database(), options)
    two = await History.open(postgres.database(), options)

    async def stay_in_a_transaction() -> None:
        async with one._database.writing() as session:
            await session.rows("SELECT 1")
            # The server ends the transaction.
            await wait_for_async(lambda: _wrote(two), timeout=60)

    with pytest.raises(DriverError):
        await stay_in_a_transaction()
    assert await two.task("second") is not None
    await one.close()
    await two.close()


async def _wrote(history: History) -> bool:
    await history.write([finished("second")])
    return history.status().buffered == 0


async def test_old_tasks_are_deleted_by_age_and_by_number(database_url: str, options: HistoryOptions) -> None:
    clock = Clock()
    limited = HistoryOptions(schema=options.schema, keep_days=1.0, keep_tasks=300)
    history = await History.open(database_url, limited, clock)
    old = [
        finished(
            f"old-{number}",
            sent=NOW - 90_000,
            received=None,
            started=None,
            finished=NOW - 89_000,
            updated=NOW - 89_000,
            args=f"('customer-{number}',)",
        )
        for number in range(1_200)
    ]
    long = finished("long", sent=NOW - 90_000, updated=NOW)
    new = many(500)
    for record in new:
        record.updated = NOW
    await history.write([*old, long, *new])
    assert await history.delete_old() == 1_200 + 501 - 300
    listed = {record.id for record in (await history.tasks(TaskFilter(), limit=1_000)).items}
    assert listed == {record.id for record in new[-300:]}
    view = await history.overview(ALWAYS)
    assert view.tasks == sum(view.states.values()) == 300
    assert view.outcomes.received == 1_701
    assert (await history.tasks(parse_filter("customer-7"))).items == []
    await history.write([old[7]])
    assert [task.id for task in (await history.tasks(parse_filter("customer-7"))).items] == ["old-7"]
    await history.close()


async def test_what_comes_while_a_full_buffer_is_written_is_written_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = await History.open(f"sqlite:///{tmp_path}/history.db", clock=Clock())
    store = history._writer._store
    full = [AuditEntry(at=NOW, identity=f"{number}", role="admin", action="purge") for number in range(5_000)]
    late = [AuditEntry(at=NOW + 1, identity="late", role="admin", action="purge")]

    async def store_while_more_comes(*parts: Any) -> None:
        if late:
            await history.audit_write(late.pop())
        await store(*parts)

    monkeypatch.setattr(history._writer, "_store", store_while_more_comes)
    history._writer.take((), audit=full)
    await history.write()
    written = await history.audit(ALWAYS, limit=10_000)
    assert (len(written), written[0].identity) == (5_001, "late")
    await history.close()
