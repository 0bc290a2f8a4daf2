"""Queries while old tasks are deleted, while the database is cleaned, locked or full: right, or refused."""

import asyncio
import random
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from tools.testbed.databases import PostgresServer, postgres_server
from tools.testbed.waiting import wait_for_async

from celery_monitor.history import (
    History,
    HistoryOptions,
    HistoryUnavailableError,
    TaskFilter,
    parse_filter,
    parse_sort,
)
from celery_monitor.history.database import connection
from tests.integration.monitor.history.examples import NOW, finished, many
from tests.integration.monitor.history.test_faults import ALWAYS, Clock, _write_out

TASKS = many(2_500)
KEPT = 500


async def test_queries_are_right_while_old_tasks_are_deleted_and_the_database_is_cleaned(
    database_url: str, options: HistoryOptions
) -> None:
    limited = HistoryOptions(schema=options.schema, keep_days=None, keep_tasks=KEPT)
    history = await History.open(database_url, limited, lambda: NOW)
    await history.write(TASKS)
    newest = [record.id for record in reversed(TASKS[-KEPT:])]
    deleting = asyncio.create_task(history.delete_old())
    cleaning = asyncio.create_task(asyncio.to_thread(_vacuum, database_url, options.schema))
    reads = 0
    while reads < 3 or not (deleting.done() and cleaning.done()):
        reads += 1
        # What stays is listed without a gap, in every order, whatever is deleted meanwhile.
        page = await history.tasks(TaskFilter(), limit=KEPT)
        assert [record.id for record in page.items] == newest
        by_name = await history.tasks(TaskFilter(), parse_sort("name"), limit=50)
        assert len(by_name.items) == 50
        task = await history.task(newest[reads % KEPT])
        assert task is not None
        assert task.state
        view = await history.overview(ALWAYS)
        assert KEPT <= view.tasks <= len(TASKS)
        assert view.outcomes.received == len(TASKS)
        await history.failures(ALWAYS)
        streamed = [record.id async for record in history.stream(parse_filter("state:success"))]
        assert len(streamed) == len(set(streamed))
    await deleting
    await cleaning
    assert (await history.count(TaskFilter())).number == KEPT
    await history.close()


def _vacuum(url: str, schema: str) -> None:
    """As an administrator does, beside the monitor."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60) as database:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        return
    with psycopg.connect(url, autocommit=True) as database:
        for table in ("job_executions", "labels", "task_rollups"):
            database.execute(f'VACUUM (ANALYZE) "{schema}"."{table}"')
            database.execute(f'REINDEX TABLE CONCURRENTLY "{schema}"."{table}"')


@contextmanager
def _locked(url: str, schema: str) -> Iterator[None]:
    """Another program has locked the database."""
    if url.startswith("sqlite"):
        database = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.close()
        return
    with psycopg.connect(url) as other:
        other.execute(f'LOCK TABLE "{schema}".job_executions IN ACCESS EXCLUSIVE MODE')
        yield
        other.rollback()


async def test_a_database_that_another_program_has_locked_is_named_and_written_later(
    database_url: str, options: HistoryOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The limits hold for the whole test: long enough for a busy machine.
    monkeypatch.setattr(connection, "_WRITE_SECONDS", 10)
    if not database_url.startswith("sqlite"):
        monkeypatch.setattr(connection, "QUERY_SECONDS", 10)
    clock = Clock()
    history = await History.open(database_url, options, clock)
    await history.write([finished("before")])
    with _locked(database_url, options.schema):
        await history.write([finished("meanwhile")])
        status = history.status()
        assert (status.available, status.buffered, status.faulty) == (False, 1, 0)
        assert "lock" in (status.problem or "") or "timeout" in (status.problem or "")
        if database_url.startswith("sqlite"):
            assert await history.task("before") is not None  # a writer does not stop readers
        else:
            with pytest.raises(HistoryUnavailableError, match=r"cannot be read now: .* timeout"):
                await history.task("before")
    await wait_for_async(lambda: _write_out(history, clock))
    assert await history.task("meanwhile") is not None
    await history.close()


async def test_a_postgresql_without_room_is_named_read_and_written_later() -> None:
    """Files may not grow beyond 17 MB: less than a log file of PostgreSQL would stop the whole server."""
    clock = Clock()
    with postgres_server() as server:
        history = await History.open(server.database(), clock=clock)
        await history.write([finished("before")])
        digits = random.Random(1)
        large = [
            finished(f"large-{number}", traceback=f"{digits.getrandbits(60_000):x}")
            for number in range(1_800)
        ]
        with _files_at_most(17_000_000, server):
            await history.write(large)
            status = history.status()
            assert (status.available, status.buffered, status.faulty) == (False, 1_800, 0)
            assert "could not extend file" in (status.problem or "")
            assert await history.task("before") is not None
            assert (await history.count(TaskFilter())).number == 1
        await wait_for_async(lambda: _write_out(history, clock), timeout=120)
        assert history.status().problem is None
        assert (await history.count(TaskFilter())).number == 1_801
        await history.close()


@contextmanager
def _files_at_most(size: int, server: PostgresServer) -> Iterator[None]:
    """A limit for the processes of the server, those of now and of later."""
    _limit(server, str(size))
    try:
        yield
    finally:
        _limit(server, "unlimited")


def _limit(server: PostgresServer, size: str) -> None:
    # Only the user of a process, or a root with a capability that containers lack, may do this.
    for pid in server._processes():
        command = [*server._as_user, "prlimit", f"--pid={pid}", f"--fsize={size}:"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
        assert done.returncode == 0 or "No such process" in done.stderr, done.stderr
