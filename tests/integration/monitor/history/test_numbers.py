"""Numbers of a window, groups of failures, neighbours of a task, counts, samples."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from celery_monitor.history import History, TaskFilter, Window, parse_filter
from celery_monitor.history.database.session import Row
from celery_monitor.history.reading import rollups
from celery_monitor.records.samples import QueueSample, WorkerSample
from celery_monitor.records.states import FAILURE, RETRY, SUCCESS
from celery_monitor.records.tasks import TaskRecord
from tests.integration.monitor.history.examples import NOW, finished, many

DAY = Window(NOW - 86_400, NOW + 86_400)
TIMES = ("sent", "received", "started", "finished", "state_time", "updated")


async def test_samples_read_back_in_steps(history: History) -> None:
    queues = [QueueSample(at=NOW + at, name="mail", ready=at, by_priority={0: at, 3: 1}) for at in range(100)]
    workers = [WorkerSample(at=NOW + at, name="w1", online=at % 2 == 0, processed=at) for at in range(100)]
    history.take([], queues, workers)
    await history.write()
    history.take([], queues[:3], workers[:3])
    await history.write()
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


def at(hour: int) -> dict[str, Any]:
    return dict.fromkeys(TIMES, NOW + hour * 3_600)


def labelled(hours: range) -> list[TaskRecord]:
    """A task for each of these hours from NOW, each name, queue and worker."""
    return [
        finished(name=name, queue=queue, worker=worker, **at(hour))
        for hour in hours
        for name in ("shop.mail", "shop.pay")
        for queue in ("mail", "pay", None)
        for worker in ("w1", "w2")
    ]


@pytest.mark.parametrize("hours", [20, 24 * 300])
async def test_two_labels_count_each_minute_once(history: History, hours: int) -> None:
    await history.write(labelled(range(20)))
    window = Window(NOW - 7, NOW + hours * 3_600 + 7)
    for labels, expected in (
        ({"name": "shop.mail", "queue": "mail"}, 40),
        ({"name": "shop.mail", "worker": "w1"}, 60),
        ({"queue": "mail", "worker": "w1"}, 40),
        ({"name": "shop.mail", "queue": "mail", "worker": "w1"}, 20),
        ({"queue": "mail", "worker": "w3"}, 0),
    ):
        points = await history.series(window, points=10, **labels)
        assert sum(point.outcomes.succeeded for point in points) == expected, labels


async def test_two_labels_read_the_rows_of_the_window_alone(tmp_path: Path) -> None:
    """There may be hundreds of thousands of rows, which must not be in memory at once either."""
    path = tmp_path / "history.db"
    history = await History.open(f"sqlite:///{path}")
    await history.write(labelled(range(20)))
    statements: list[str] = []
    database = history._database
    async with database._connection(database._readers) as driver:
        await driver.set_trace_callback(statements.append)
    for labels in (("shop.mail", "mail", None), ("shop.mail", None, "w1"), (None, "mail", "w1")):
        name, queue, worker = labels
        await history.series(Window(NOW, NOW + 20 * 3_600), name=name, queue=queue, worker=worker)
    await history.close()
    read = [one for one in statements if "FROM task_rollups" in one]
    assert len(read) == 3 * 21
    with closing(sqlite3.connect(path)) as connection:
        for statement in read:
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
            assert [line for line in plan if "task_rollups" in line and "at>? AND at<?" not in line] == []


async def test_many_names_of_a_long_window_are_read_in_parts(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    await history.write(many(300))
    expected = await history.names(DAY)
    monkeypatch.setattr(rollups, "_MOST_ROWS", 10)
    lengths: list[int] = []
    async with history._database.reading() as session:
        read = session.rows

        async def counted(sql: str, parameters: Sequence[Any]) -> list[Row]:
            rows = await read(sql, parameters)
            lengths.append(len(rows) if "task_rollups" in sql else 0)
            return rows

        monkeypatch.setattr(session, "rows", counted)
        names = await rollups.Rollups(history._database.prefix, session).names(DAY)
    assert (names, len(names) > 1) == (expected, True)
    assert 0 < max(lengths) <= 10


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
    assert (first.first_seen, first.last_seen) == (NOW + 1.2, NOW + 1.2)
    assert list(first.names) == ["shop.mail", "shop.pay"]
    assert (first.latest, first.message) == ("d", "KeyError('z')")
    assert (second.tasks, second.latest, second.message) == (1, "e", "KeyError('x')")
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
    related = (await history.detail("mid")).related
    assert related is not None
    assert related.root is not None
    assert related.parent is not None
    assert (related.root.id, related.parent.id) == ("root", "root")
    assert [task.id for task in related.children] == ["leaf1", "leaf2"]
    assert [task.id for task in related.workflow] == ["root", "mid", "leaf1", "leaf2"]
    assert related.complete
    assert (await history.detail("unknown")).related is None


async def test_counts_are_exact_up_to_their_bound(history: History) -> None:
    records = many(1_500)
    await history.write(records)
    failed = sum(record.state == FAILURE for record in records)
    assert (await history.count(TaskFilter())).number == 1_500
    assert (await history.count(parse_filter("state:failure"))).number == failed
    counted = await history.count(parse_filter("-arg:nothing"), most=100)
    assert (counted.number, counted.exact) == (100, False)
    counted = await history.count(parse_filter("-state:failure"))
    assert (counted.number, counted.exact) == (1_500 - failed, True)


async def test_an_export_streams_every_task_once(history: History) -> None:
    records = many(2_500)
    await history.write(records)
    found = [record.id async for record in history.stream(TaskFilter())]
    assert len(found) == 2_500
    assert set(found) == {record.id for record in records}
