"""What is written is what can be read: merged, counted once, whatever a record says."""

import asyncio
import math
import random
from collections.abc import Sequence

import pytest

from celery_monitor.history import History, HistoryOptions, TaskFilter, Window, parse_filter
from celery_monitor.history.rollups.contributions import Key, Sums, contribute
from celery_monitor.history.rollups.levels import RowKey, rows_of
from celery_monitor.history.rollups.store import KEY_COLUMNS, VALUE_COLUMNS, sums_of
from celery_monitor.history.rows import tasks
from celery_monitor.history.rows.labels import Labels
from celery_monitor.history.writing import flush
from celery_monitor.records.samples import QueueSample, WorkerSample
from celery_monitor.records.states import FAILURE, RETRY, STARTED, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord
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
    )
    record.runs[0].retries = 2
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


async def _assert_rollups_are_the_sum_of_the_tasks(history: History) -> None:
    database = history._database
    sums: dict[Key, Sums] = {}
    async for listed in history.stream(TaskFilter()):
        record = await history.task(listed.id)
        assert record is not None
        contribute(sums, record, 1)
    labels = Labels(database.prefix)
    async with database.reading() as session:
        numbers = await session.rows(f"SELECT id FROM {database.prefix}labels")
        await labels.load(session, [row[0] for row in numbers])
        stored = await session.rows(
            f"SELECT {', '.join((*KEY_COLUMNS, *VALUE_COLUMNS))} FROM {database.prefix}task_rollups"
        )
    expected = rows_of(sums, labels.id)
    found: dict[RowKey, Sums] = {row[:6]: sums_of(row[6:]) for row in stored}
    assert {key: (row.counts, row.runtime, row.wait) for key, row in found.items() if row} == {
        key: (row.counts, row.runtime, row.wait) for key, row in expected.items() if row
    }
    assert all(count >= 0 for row in found.values() for count in row.counts)


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
            await _assert_rollups_are_the_sum_of_the_tasks(opened)
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
    await _assert_rollups_are_the_sum_of_the_tasks(two)
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


async def test_samples_read_back_in_steps(history: History) -> None:
    queues = [QueueSample(at=NOW + at, name="mail", ready=at, by_priority={0: at, 3: 1}) for at in range(100)]
    workers = [WorkerSample(at=NOW + at, name="w1", online=at % 2 == 0, processed=at) for at in range(100)]
    await history.write([], queues, workers)
    await history.write([], queues[:3], workers[:3])
    window = Window(NOW, NOW + 100)
    assert [sample.ready for sample in await history.queue_series("mail", window, 10)] == list(
        range(9, 100, 10)
    )
    assert await history.queue_series("mail", window, 1_000) == queues
    assert await history.worker_series("w1", window, 1_000) == workers
    assert await history.queue_series("none", window) == []


async def test_the_numbers_of_a_window(history: History) -> None:
    await history.write(
        [
            finished(
                name="shop.mail",
                sent=NOW + at,
                received=NOW + at,
                started=NOW + at + 1,
                finished=NOW + at + 2,
            )
            for at in range(0, 600, 10)
        ]
        + [
            finished(
                name="shop.pay",
                state=FAILURE,
                exception="KeyError('x')",
                sent=NOW,
                finished=NOW + 30,
                runtime=30.0,
            )
        ]
    )
    window = Window(NOW, NOW + 900)
    view = await history.overview(window)
    assert (view.outcomes.succeeded, view.outcomes.failed, view.tasks) == (60, 1, 61)
    assert view.runtime.p50 == pytest.approx(1.0, rel=0.1)
    assert view.wait.p50 == pytest.approx(1.0, rel=0.1)
    names = await history.names(window)
    assert [(name.name, name.outcomes.finished) for name in names] == [("shop.mail", 60), ("shop.pay", 1)]
    assert sum(names[0].trend) == 60
    assert names[1].outcomes.failure_rate == 1.0
    points = await history.series(window, points=15)
    assert [point.seconds for point in points] == [60.0] * len(points)
    assert sum(point.outcomes.succeeded for point in points) == 60
    pay = await history.series(window, name="shop.pay", points=15)
    assert sum(point.outcomes.failed for point in pay) == 1
    both = await history.series(window, name="shop.mail", worker="celery@web-1", points=15)
    assert sum(point.outcomes.succeeded for point in both) == 60
    none = await history.series(window, name="unknown", points=15)
    assert sum(point.outcomes.finished for point in none) == 0
    day = await history.overview(Window(NOW - 86_400, NOW + 7_200))
    assert day.outcomes == view.outcomes


async def test_failures_are_grouped_by_error_and_line(history: History) -> None:
    trace = '  File "/srv/shop/tasks.py", line {}, in charge\nKeyError'
    await history.write(
        [
            finished("a", state=FAILURE, exception="KeyError('x')", traceback=trace.format(42), sent=NOW + 1),
            finished(
                "b",
                state=FAILURE,
                exception="KeyError('y')",
                traceback=trace.format(42),
                sent=NOW + 2,
                name="shop.pay",
            ),
            finished("c", state=SUCCESS, exception="KeyError('z')", traceback=trace.format(42), sent=NOW + 3),
            finished("d", state=RETRY, exception="KeyError('z')", traceback=trace.format(42), sent=NOW + 3),
            finished("e", state=FAILURE, exception="KeyError('x')", traceback=trace.format(43), sent=NOW),
            finished("f", state=SUCCESS),
        ]
    )
    first, second = await history.failures(DAY)
    assert (first.error, first.place) == ("KeyError", "srv/shop/tasks.py:42 in charge")
    assert (first.tasks, first.open, first.retrying, first.recovered) == (4, 2, 1, 1)
    assert (first.first_seen, first.last_seen) == (NOW + 0.1, NOW + 0.1)
    assert list(first.names) == ["shop.mail", "shop.pay"]
    assert second.tasks == 1
    assert await history.failures(Window(NOW - 10, NOW - 5)) == []
    assert await history.values("error") == ["KeyError"]
    assert await history.values("name") == ["shop.mail", "shop.pay"]
    assert await history.values("runtime") == []


async def test_the_neighbours_of_a_task(history: History) -> None:
    await history.write(
        [
            finished("root", root_id="root", sent=NOW),
            finished("mid", root_id="root", parent_id="root", sent=NOW + 0.01),
            finished("leaf1", root_id="root", parent_id="mid", sent=NOW + 0.02),
            finished("leaf2", root_id="root", parent_id="mid", sent=NOW + 0.03),
            finished("other", root_id="other"),
        ]
    )
    related = await history.related("mid")
    assert related is not None
    assert related.root is not None
    assert related.parent is not None
    assert (related.root.id, related.parent.id) == ("root", "root")
    assert [task.id for task in related.children] == ["leaf1", "leaf2"]
    assert [task.id for task in related.workflow] == ["root", "mid", "leaf1", "leaf2"]
    assert related.complete
    assert await history.related("unknown") is None


async def test_counts_are_exact_up_to_their_bound(history: History) -> None:
    records = many(1_500)
    await history.write(records)
    failed = sum(record.state == FAILURE for record in records)
    assert (await history.count(TaskFilter())).number == 1_500
    assert (await history.count(parse_filter("state:failure"))).number == failed
    counted = await history.count(parse_filter("-state:failure"), most=100)
    assert (counted.number, counted.exact) == (100, False)
    counted = await history.count(parse_filter("-state:failure"))
    assert (counted.number, counted.exact) == (1_500 - failed, True)


async def test_an_export_streams_every_task_once(history: History) -> None:
    records = many(2_500)
    await history.write(records)
    found = [record.id async for record in history.stream(TaskFilter())]
    assert len(found) == 2_500
    assert set(found) == {record.id for record in records}
