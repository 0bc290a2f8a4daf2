"""The search for values of one or two characters, which has an index of its own."""

import psycopg
from tools.testbed.databases import PostgresServer

from celery_monitor.history import History, HistoryOptions, parse_filter
from celery_monitor.history.reading.listing import conditions_of
from celery_monitor.history.rows.short_values import HAS_ARGUMENTS, SHORT_VALUES
from tests.integration.monitor.history.examples import NOW, finished


async def _found(history: History, text: str) -> list[str]:
    return sorted(task.id for task in (await history.tasks(parse_filter(text))).items)


async def test_a_short_value_is_found_whatever_stands_around_it(history: History) -> None:
    around = ["(7,)", "»7«", "§7§", "\u00a07\u00a0", "7", "[7, 7]", "{'n': 7}"]
    beside = ["(77,)", "x7", "7_", "70", "7x"]
    await history.write([finished(f"in-{at}", args=text) for at, text in enumerate(around)])
    await history.write([finished(f"not-{at}", kwargs=text) for at, text in enumerate(beside)])
    assert await _found(history, "arg:7") == [f"in-{at}" for at in range(len(around))]


async def test_a_value_in_too_many_tasks_for_the_index_is_found_too(history: History) -> None:
    for start in range(0, 24_000, 2_000):
        await history.write([finished(f"{start + at:05}", args="(7, 42)") for at in range(2_000)])
    await history.write([finished("99999", args="(42, 'Z9')")])
    assert len(await _found(history, "arg:42 -arg:Z9")) == 100
    assert await _found(history, "arg:Z9") == ["99999"]
    assert (await history.count(parse_filter("arg:7"), most=30_000)).number == 24_000


async def test_a_value_that_the_task_has_no_more_is_not_found(history: History) -> None:
    await history.write([finished("a"), finished("b", args="(1,)")])
    await history.write([finished("a", args="(7,)", updated=NOW + 1)])
    assert await _found(history, "arg:7") == ["a"]


async def test_deleted_tasks_are_in_no_index(database_url: str, options: HistoryOptions) -> None:
    few = HistoryOptions(schema=options.schema, keep_days=None, keep_tasks=1)
    history = await History.open(database_url, few)
    await history.write([finished(f"a-{at}", args="(7, 8)", sent=NOW - at) for at in range(5)])
    assert await history.delete_old() == 4
    assert await _found(history, "arg:7") == ["a-0"]
    if history.is_file:
        async with history._database.reading() as session:
            assert await session.rows("SELECT value FROM short_values ORDER BY value") == [("7",), ("8",)]
    await history.close()


async def test_postgresql_finds_short_values_in_its_index(
    postgres: PostgresServer, options: HistoryOptions
) -> None:
    history = await History.open(postgres.database(), options)
    await history.close()
    with psycopg.connect(postgres.database(), options=f"-c search_path={options.schema}") as connection:
        connection.execute("SET enable_seqscan = off")
        plan = connection.execute(
            f"EXPLAIN SELECT id FROM job_executions WHERE {HAS_ARGUMENTS} AND {SHORT_VALUES} @> '{{7}}'"
        ).fetchall()
    assert "job_executions_short_values" in str(plan)


async def test_postgresql_reads_the_first_tasks_of_the_list_if_many_have_the_value(
    postgres: PostgresServer, options: HistoryOptions
) -> None:
    history = await History.open(postgres.database(), options)
    for start in range(0, 12_000, 2_000):
        await history.write([finished(str(start + at), args="(7,)") for at in range(2_000)])
    with psycopg.connect(postgres.database(), autocommit=True) as connection:
        connection.execute(f"ANALYZE {options.schema}.job_executions".encode())
    async with history._database.reading() as session:
        (condition,) = await conditions_of(history._database, session, parse_filter("arg:7"), NOW)
        plan = await session.rows(
            f"EXPLAIN SELECT id FROM {options.schema}.job_executions WHERE {condition.sql} "
            "ORDER BY at DESC, id DESC LIMIT 100",
            condition.parameters,
        )
    assert "Index Scan Backward using job_executions_at" in str(plan)
    await history.close()
