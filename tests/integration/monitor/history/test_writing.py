"""What is written is what can be read: merged, counted once, whatever a record says."""

import asyncio
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest

from celery_monitor.history import History, HistoryOptions, TaskFilter, Window, parse_filter
from celery_monitor.history.rows import tasks
from celery_monitor.history.writing import flush
from celery_monitor.records.samples import QueueSample, WorkerSample
from celery_monitor.records.states import FAILURE, RETRY, STARTED, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord
from tests.integration.monitor.history.checks import assert_rollups_are_the_sum_of_the_tasks
from tests.integration.monitor.history.examples import NOW, finished, many

DAY = Window(NOW - 86_400, NOW + 86_400)


async def test_a_task_reads_back_with_its_only_run(history: History) -> None:
    record = finished(
        args="(42,)",
        kwargs="{}",
        root_id="root",
        parent_id="parent",
        group_id="g",
        exchange="e",
        routing_key="r",
        priority=3,
        eta=NOW,
        expires=NOW + 9,
        retries=2,
        clock=2**40,
        sender="gen1@host",
        arguments_truncated=True,
        progress='{"done": 1}',
        reason="expired",
    )
    record.runs[0].retries, record.runs[0].reason = 2, "expired"
    await history.write([record])
    assert await history.task(record.id) == record
    assert await history.task("unknown") is None


async def test_a_task_reads_back_with_all_its_runs(history: History) -> None:
    record = finished(state=SUCCESS, run_twice=True)
    record.runs = [
        Run(
            number=1,
            worker="w1",
            received=NOW,
            started=NOW + 1,
            finished=NOW + 2,
            outcome=RETRY,
            exception="E()",
            reason="terminated by SIGTERM",
        ),
        Run(number=2, worker="w2", received=NOW + 3, started=NOW + 4, outcome=None, retries=1),
    ]
    await history.write([record])
    assert await history.task(record.id) == record
    record.runs[1].outcome, record.runs[1].finished, record.runs[1].runtime = SUCCESS, NOW + 5, 1.0
    await history.write([record])
    stored = await history.task(record.id)
    assert stored is not None
    assert stored.runs == record.runs


async def test_a_change_of_a_task_is_found_by_its_new_values(history: History) -> None:
    record = finished(
        "a", state=STARTED, finished=None, runtime=None, state_time=NOW, result=None, args="(1, 'alpha')"
    )
    record.runs[0].outcome = None
    await history.write([record])
    assert [task.id for task in (await history.tasks(parse_filter("state:started alpha"))).items] == ["a"]
    record.state, record.state_time, record.finished = FAILURE, NOW + 5, NOW + 5
    record.exception = "KeyError('omega')"
    record.runs[0].outcome, record.runs[0].finished = FAILURE, NOW + 5
    await history.write([record])
    for text, ids in (
        ("state:started", []),
        ("state:failure", ["a"]),
        ("omega", ["a"]),
        ("alpha", ["a"]),
        ("error:KeyError", ["a"]),
    ):
        assert [task.id for task in (await history.tasks(parse_filter(text))).items] == ids, text
    assert (await history.overview(DAY)).states == {FAILURE: 1}


def _steps(records: Sequence[TaskRecord], chance: random.Random) -> list[list[TaskRecord]]:
    """The writes of a monitor that sees each task in up to three steps, some of them again."""
    writes: list[list[TaskRecord]] = [[] for _ in range(12)]
    for record in records:
        partial = TaskRecord(
            id=record.id,
            name=record.name,
            state="RECEIVED",
            received=record.received,
            sent=record.sent,
            queue=record.queue,
            state_time=record.received or 0.0,
        )
        running = TaskRecord(
            id=record.id,
            state=STARTED,
            started=record.started,
            state_time=record.started or 0.0,
            worker=record.worker,
            runs=[Run(number=1, worker=record.worker or "", started=record.started)],
        )
        first = chance.randrange(8)
        for step, part in enumerate((partial, running, record)):
            if part is record or chance.random() < 0.7:
                writes[first + step].append(part)
        if chance.random() < 0.2:
            writes[first + 3].append(record)
    return writes


async def test_each_run_counts_once_over_repeated_writes_and_restarts(
    database_url: str, options: HistoryOptions
) -> None:
    chance = random.Random(3)
    records = many(400)
    for number, batch in enumerate(_steps(records, chance)):
        opened = await History.open(database_url, options)
        await opened.write(batch)
        if number == 11:
            view = await opened.overview(DAY)
            assert view.tasks == 400
            assert view.outcomes.received == 400
            assert view.outcomes.failed == sum(record.state == FAILURE for record in records)
            await assert_rollups_are_the_sum_of_the_tasks(opened)
        await opened.close()


async def test_two_monitors_on_one_postgresql_count_each_run_once(
    postgres: object, options: HistoryOptions
) -> None:
    url = postgres.database()  # type: ignore[attr-defined]
    records = many(600)
    one, two = await History.open(url, options), await History.open(url, options)
    for batch, other in zip(
        _steps(records, random.Random(1)), _steps(records, random.Random(2)), strict=True
    ):
        await asyncio.gather(one.write(batch), two.write(other))
    assert one.status().faulty == two.status().faulty == 0
    view = await one.overview(DAY)
    assert (view.tasks, view.outcomes.received) == (600, 600)
    await assert_rollups_are_the_sum_of_the_tasks(two)
    await one.close()
    await two.close()


async def test_values_that_no_database_takes_do_not_stop_the_others(history: History) -> None:
    hostile = [
        finished("a\0b", name="na\0me\ud800", args="(\0, '\udfff')", exception="\ud800('x')"),
        finished("huge", retries=10**30, clock=10**40, priority=-(10**30), runtime=math.inf),
        finished("times", sent=math.nan, eta=1e300, expires=-1e300, started=math.inf, state_time=math.nan),
        finished(
            "x" * 5_000, name="n" * 5_000, worker="w" * 5_000, queue="q" * 5_000, routing_key="r" * 9_000
        ),
        finished("long", args="é" * 200_000, root_id="r" * 5_000),
        finished("state", state="S" * 5_000),
        finished("good"),
    ]
    await history.write(hostile)
    status = history.status()
    assert (status.buffered, status.faulty, status.available) == (0, 0, True)
    assert len((await history.tasks(TaskFilter())).items) == 7
    assert await history.task("good") is not None
    assert (await history.overview(DAY)).tasks == 7


async def test_a_record_that_the_database_refuses_is_left_out_alone(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = tasks.row_of

    def spoiled(record: TaskRecord, label: object) -> tuple[object, ...]:
        row = original(record, label)  # type: ignore[arg-type]
        return (row[0], None, *row[2:]) if record.id == "bad" else row

    monkeypatch.setattr(flush, "row_of", spoiled)
    await history.write([finished("one"), finished("two"), finished("bad"), finished("three")])
    assert history.status().faulty == 1
    assert {record.id for record in (await history.tasks(TaskFilter())).items} == {"one", "two", "three"}


async def test_a_sample_that_the_database_refuses_is_left_out_alone(history: History) -> None:
    nameless: Any = None
    history.take([], [QueueSample(at=NOW, name=nameless, ready=1)])
    await history.write()
    assert history.status().faulty == 1
    queues = [QueueSample(at=NOW, name=name, ready=1) for name in ("mail", nameless)]
    history.take([finished("one")], queues, [WorkerSample(at=NOW, name=nameless, online=True)])
    await history.write()
    assert history.status().faulty == 3
    assert await history.task("one") is not None
    assert [sample.ready for sample in await history.queue_series("mail", DAY)] == [1]
