"""Events of tasks that retention has deleted: nothing counts twice, and a part of a task makes no row."""

import pytest

from celery_monitor.history import History, HistoryOptions, TaskFilter, Window
from celery_monitor.history.rollups.contributions import COUNTS
from celery_monitor.records.states import STARTED, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord
from tests.integration.monitor.history.examples import NOW, finished
from tests.integration.monitor.history.test_faults import Clock

DAY = 86_400.0


def running(identity: str, begin: float) -> TaskRecord:
    """A task that was received at this time, and runs since."""
    record = finished(identity, state=STARTED, sent=begin, received=begin, started=begin, finished=None)
    record.runtime = record.result = None
    record.state_time = record.updated = begin
    record.runs = [Run(number=1, worker="celery@web-1", received=begin, started=begin)]
    return record


def ended(record: TaskRecord, at: float) -> TaskRecord:
    """The same task with the end of its run."""
    record.state, record.finished, record.runtime = SUCCESS, at, at - (record.started or at)
    record.state_time = record.updated = at
    run = record.runs[-1]
    run.outcome, run.finished, run.runtime = SUCCESS, at, record.runtime
    return record


async def counted(history: History) -> tuple[int, int]:
    """How often tasks were received, and have succeeded. No row has counted less than nothing."""
    async with history._database.reading() as session:
        rows = await session.rows(f"SELECT {', '.join(COUNTS)} FROM {history._database.prefix}task_rollups")
    assert [row for row in rows if min(row) < 0] == []
    outcomes = (await history.overview(Window(NOW - 100 * DAY, NOW + DAY))).outcomes
    return outcomes.received, outcomes.succeeded


async def ids(history: History) -> list[str]:
    return [task.id for task in (await history.tasks(TaskFilter())).items]


async def noted(history: History) -> int:
    async with history._database.reading() as session:
        rows = await session.rows(f"SELECT count(*) FROM {history._database.prefix}deleted_tasks")
    return int(rows[0][0])


async def opened(
    url: str, options: HistoryOptions, *, keep_days: float | None = None, keep_tasks: int | None = None
) -> History:
    bounds = HistoryOptions(schema=options.schema, keep_days=keep_days, keep_tasks=keep_tasks)
    return await History.open(url, bounds, Clock())


async def test_a_task_that_ends_after_it_was_deleted_is_counted_once(
    database_url: str, options: HistoryOptions
) -> None:
    history = await opened(database_url, options, keep_days=1.0)
    task = running("slow", NOW - 2 * DAY)
    await history.write([task])
    await history.delete_old()
    assert (await ids(history), await counted(history)) == ([], (1, 0))

    await history.write([ended(task, NOW)])
    assert (await ids(history), await counted(history)) == (["slow"], (1, 1))
    task.queue = "mail"
    await history.write([task])
    await history.delete_old()
    assert (await ids(history), await counted(history)) == (["slow"], (1, 1))
    assert await noted(history) == 0
    await history.close()


@pytest.mark.parametrize(
    "known",
    [
        {"state": SUCCESS, "finished": NOW, "worker": "celery@web-1"},
        {"state": "PROGRESS", "name": "shop.mail"},
    ],
)
async def test_a_part_of_a_deleted_task_makes_no_task(
    database_url: str, options: HistoryOptions, known: dict[str, object]
) -> None:
    """After a restart, the monitor knows nothing of the task but what the late event says."""
    history = await opened(database_url, options, keep_days=1.0)
    await history.write([running("slow", NOW - 2 * DAY)])
    await history.delete_old()
    part = TaskRecord(id="slow", state_time=NOW, updated=NOW, **known)  # type: ignore[arg-type]
    await history.write([part, finished("other")])
    assert (await ids(history), await counted(history)) == (["other"], (2, 1))
    await history.close()


async def test_a_task_that_is_delivered_again_after_it_was_deleted_counts_its_new_run(
    database_url: str, options: HistoryOptions
) -> None:
    history = await opened(database_url, options, keep_tasks=1)
    task = ended(running("first", NOW - 900), NOW - 800)
    await history.write([task, finished("second")])
    await history.delete_old()
    assert (await ids(history), await counted(history)) == (["second"], (2, 2))
    # Another monitor writes what the deleted row had.
    await history.write([task])
    assert (await ids(history), await counted(history)) == (["second"], (2, 2))

    task.runs.append(Run(number=2, worker="celery@web-2", received=NOW, started=NOW))
    await history.write([ended(task, NOW + 3)])
    assert (await ids(history), await counted(history)) == (["second", "first"], (2, 3))
    # A run of which only the last delivery is known.
    await history.delete_old()
    await history.write([ended(running("first", NOW + 5), NOW + 6)])
    first = await history.task("first")
    assert first is not None
    first.queue = "mail"
    await history.write([first])
    assert await counted(history) == (2, 4)
    await history.close()


async def test_tasks_that_have_ended_long_ago_leave_no_note(
    database_url: str, options: HistoryOptions
) -> None:
    history = await opened(database_url, options, keep_days=1.0)
    old = [ended(running(f"old-{number}", NOW - 5 * DAY), NOW - 4 * DAY) for number in range(3)]
    await history.write([*old, running("open", NOW - 5 * DAY)])
    assert await history.delete_old() == 4
    assert await noted(history) == 1
    await history.close()
