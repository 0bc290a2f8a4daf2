"""What is old is deleted without keeping writers waiting."""

import sqlite3
from pathlib import Path

from celery_monitor.history import History, HistoryOptions
from celery_monitor.records.samples import QueueSample, WorkerSample
from tests.integration.monitor.history.examples import NOW
from tests.integration.monitor.history.test_faults import Clock

HOUR = 3_600.0


async def sampled(history: History) -> dict[str, list[float]]:
    """The hours from NOW of the samples of each queue and worker."""
    prefix, found = history._database.prefix, dict[str, list[float]]()
    async with history._database.reading() as session:
        for kind in ("queue", "worker"):
            rows = await session.rows(f"SELECT {kind}, at FROM {prefix}{kind}_samples ORDER BY at")
            for name, at in rows:
                found.setdefault(name, []).append((at - NOW) / HOUR)
    return found


async def with_samples(url: str, options: HistoryOptions, clock: Clock) -> History:
    history = await History.open(url, HistoryOptions(schema=options.schema, keep_days=1.0), clock)
    hours = range(-30, 0, 3)
    history.take(
        (),
        [QueueSample(at=NOW + hour * HOUR, name=name, ready=1) for name in ("b", "é", "a") for hour in hours],
        [
            WorkerSample(at=NOW + hour * HOUR, name=name, online=True)
            for name in ("w1", "w2")
            for hour in hours
        ]
        + [WorkerSample(at=NOW - 1 * HOUR, name="new", online=True)],
    )
    await history.write()
    return history


async def test_old_samples_of_every_queue_and_worker_are_deleted_each_hour(
    database_url: str, options: HistoryOptions
) -> None:
    clock = Clock()
    history = await with_samples(database_url, options, clock)
    await history.delete_old()
    left = [float(hour) for hour in range(-24, 0, 3)]
    expected = {"a": left, "b": left, "é": left, "w1": left, "w2": left, "new": [-1.0]}
    assert await sampled(history) == expected

    clock.now += 0.9 * HOUR
    await history.delete_old()
    assert await sampled(history) == expected
    clock.now += 3.2 * HOUR
    await history.delete_old()
    assert await sampled(history) == {**dict.fromkeys(expected, left[2:]), "new": [-1.0]}
    await history.close()


async def test_no_statement_reads_all_samples(tmp_path: Path, options: HistoryOptions) -> None:
    """There may be millions, and the writer waits meanwhile."""
    path = tmp_path / "history.db"
    history = await with_samples(f"sqlite:///{path}", options, Clock())
    statements: list[str] = []
    database = history._database
    async with database._connection(database._writer) as driver:
        await driver.set_trace_callback(statements.append)
    await history.delete_old()
    await history.close()
    of_samples = [statement for statement in statements if "_samples" in statement]
    assert of_samples
    plan = [
        row[3]
        for statement in of_samples
        for row in sqlite3.connect(path).execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert [line for line in plan if line.startswith("SCAN") and "_samples" in line] == []
