"""Labels are deleted when nothing has them, beside writers that know them."""

import asyncio
from collections import Counter

import pytest
from tools.testbed.databases import PostgresServer

from celery_monitor.history import History, HistoryOptions, TaskFilter
from celery_monitor.history.rows.labels import LabelKind
from celery_monitor.history.rows.tasks import LABEL_COLUMNS
from celery_monitor.history.unused_labels import UnusedLabels
from celery_monitor.records.states import FAILURE
from celery_monitor.records.tasks import TaskRecord
from tests.integration.monitor.history.examples import NOW, finished
from tests.integration.monitor.history.test_faults import Clock

YEAR = 400 * 86_400.0


def task(identity: str, number: int, at: float) -> TaskRecord:
    """A task whose labels are all its own."""
    return finished(
        identity,
        name=f"shop.task{number}",
        state=FAILURE,
        worker=f"celery@web-{number}",
        queue=f"queue{number}",
        sender=f"gen{number}@web",
        exchange=f"exchange{number}",
        routing_key=f"key{number}",
        exception=f"Error{number}('x')",
        sent=at,
        received=at,
        started=at,
        finished=at + 1,
        state_time=at + 1,
        updated=at + 1,
    )


async def labels(history: History) -> set[str]:
    prefix = history._database.prefix
    async with history._database.reading() as session:
        rows = await session.rows(f"SELECT text FROM {prefix}labels WHERE kind > 0")
    return {row[0].partition("\n")[0] for row in rows}


async def assert_counts_are_those_of_the_tasks(history: History) -> None:
    prefix, counted = history._database.prefix, Counter[int]()
    async with history._database.reading() as session:
        for row in await session.rows(f"SELECT {', '.join(LABEL_COLUMNS)} FROM {prefix}job_executions"):
            counted.update(number for number in row if number)
        stored = await session.rows(f"SELECT id, tasks FROM {prefix}labels WHERE kind > 0 AND tasks <> 0", [])
    assert dict(stored) == counted


async def test_labels_go_with_their_last_task_and_rollup(database_url: str, options: HistoryOptions) -> None:
    clock = Clock()
    history = await History.open(database_url, HistoryOptions(schema=options.schema, keep_days=1.0), clock)
    await history.write([task("a", 1, NOW - 2 * 86_400), task("b", 2, NOW)])
    both = {f"{kind}{number}" for kind in ("shop.task", "celery@web-", "queue") for number in (1, 2)}
    second = {"gen2@web", "exchange2", "key2", "Error2", "FAILURE"}
    assert await labels(history) == both | second | {"gen1@web", "exchange1", "key1", "Error1"}

    assert await history.delete_old() == 1
    # The rollups still count the runs by name, queue and worker.
    assert await labels(history) == both | second

    await history.write([task("c", 1, NOW), task("d", 3, NOW)])  # the writer knew the labels of a
    for identity, number in (("b", 2), ("c", 1), ("d", 3)):
        stored = await history.task(identity)
        assert stored is not None
        assert (stored.sender, stored.name) == (f"gen{number}@web", f"shop.task{number}")
    await assert_counts_are_those_of_the_tasks(history)

    clock.now = NOW + YEAR + 86_400
    assert await history.delete_old() == 4
    await history.delete_old()
    assert await labels(history) == set()
    await history.close()


async def test_a_label_that_another_monitor_has_deleted_is_made_again(
    postgres: PostgresServer, options: HistoryOptions
) -> None:
    limited = HistoryOptions(schema=options.schema, keep_days=1.0)
    one, two = [await History.open(postgres.database(), limited, Clock()) for _ in range(2)]
    await one.write([task("a", 1, NOW - 2 * 86_400)])
    assert await two.delete_old() == 1
    await one.write([task("b", 1, NOW)])
    stored = await two.task("b")
    assert stored is not None
    assert (stored.sender, stored.routing_key) == ("gen1@web", "key1")
    await assert_counts_are_those_of_the_tasks(two)
    await one.close()
    await two.close()


async def test_labels_are_deleted_while_tasks_are_written_and_read(
    database_url: str, options: HistoryOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = await History.open(
        database_url, HistoryOptions(schema=options.schema, keep_tasks=20, keep_days=None), Clock()
    )
    written = 0

    async def write() -> None:
        nonlocal written
        for round_ in range(40):
            tasks = [
                task(f"{round_}-{one}", (round_ * 3 + one) % 17, NOW + written + one) for one in range(5)
            ]
            await history.write(tasks)
            written += len(tasks)
            await asyncio.sleep(0)

    async def delete() -> None:
        while written < 200:
            await history.delete_old()
            await asyncio.sleep(0)

    async def read() -> None:
        while written < 200:
            for record in (await history.tasks(TaskFilter(), limit=50)).items:
                assert record.sender is not None
                assert record.sender.removeprefix("gen") == f"{(record.queue or '')[5:]}@web"
            await asyncio.sleep(0)

    await asyncio.gather(write(), delete(), read())
    await history.delete_old()
    assert history.status().faulty == 0
    assert (await history.count(TaskFilter())).number == 20
    await assert_counts_are_those_of_the_tasks(history)
    await history.close()


async def test_a_pass_examines_a_bounded_number_of_labels_and_the_next_one_goes_on(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celery_monitor.history.unused_labels._CHUNK", 10)
    table = f"{history._database.prefix}labels"
    async with history._database.writing() as session:
        await session.execute_many(
            f"INSERT INTO {table} (kind, text, tasks) VALUES (?, ?, ?)",
            [(int(LabelKind.SENDER), f"gen{number}", number % 2) for number in range(25)],
        )
    unused, deleted = UnusedLabels(history._database.prefix), []
    for _ in range(4):
        async with history._database.writing() as session:
            deleted.append(await unused.delete_chunk(session))
    assert deleted == [5, 5, 3, 0]
