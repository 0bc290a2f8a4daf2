"""What holds of every history at any time."""

from celery_monitor.history import History, TaskFilter
from celery_monitor.history.rollups.contributions import Key, Sums, contribute
from celery_monitor.history.rollups.levels import RowKey, rows_of
from celery_monitor.history.rollups.store import KEY_COLUMNS, VALUE_COLUMNS, sums_of
from celery_monitor.history.rows.labels import Labels


async def assert_rollups_are_the_sum_of_the_tasks(history: History) -> None:
    """Compare the stored rollups with those of the stored tasks."""
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
