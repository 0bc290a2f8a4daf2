"""``python -m bench.monitor.history``: fill a history with a million tasks, then time every kind of query."""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tools.testbed.databases import postgres_server

from bench.monitor.history.queries import timings
from bench.monitor.history.tasks import tasks
from celery_monitor.history import History, HistoryOptions, parse_filter

_BATCH = 1_500


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--arguments", action="store_true", help="tasks have arguments and results")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--keep", help="a URL: use this database, and fill it only if it is empty")
    options = parser.parse_args()
    with _database(options.database, options.keep) as url:
        asyncio.run(_measure(url, options.tasks, options.arguments, options.repeats))


async def _measure(url: str, count: int, arguments: bool, repeats: int) -> None:
    history = await History.open(url, HistoryOptions(keep_days=None, keep_tasks=None))
    present = (await history.count(parse_filter(""))).number
    if not present:
        await _fill(history, count, arguments)
    print(f"size: {await _size(history) / (present or count):.0f} bytes per task")
    newest = (await history.tasks(parse_filter(""), limit=1_000)).items
    until = newest[0].sent or 0.0
    ids = [record.id for record in newest]
    for timing in await timings(history, ids, until, repeats):
        mark = "  <-- slow" if timing.p95 > 50 else ""
        times = f"median {timing.median:7.1f} ms  p95 {timing.p95:7.1f} ms  CPU {timing.cpu:7.1f} ms"
        print(f"{timing.what:60} {times}{mark}", flush=True)
    await history.close()


async def _fill(history: History, count: int, arguments: bool) -> None:
    stream = tasks(count, time.time(), arguments=arguments)
    cpu = wall = 0.0
    written = 0
    while batch := list(islice(stream, _BATCH)):
        began, began_cpu = time.perf_counter(), time.process_time()
        await history.write(batch)
        cpu += time.process_time() - began_cpu
        wall += time.perf_counter() - began
        written += len(batch)
        if written % 150_000 == 0:
            print(f"{written} tasks, {cpu / written * 1e6:.0f} us CPU per task", flush=True)
    print(f"write: {cpu / written * 1e6:.1f} us CPU per task, {written / wall:.0f} tasks/s")


async def _size(history: History) -> float:
    database = history._database
    if database.address.file:
        async with database.writing() as session:
            pages = await session.rows("PRAGMA page_count")
        return float(pages[0][0] * 4096)
    async with database.reading() as session:
        rows = await session.rows(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = "
            "(SELECT oid FROM pg_namespace WHERE nspname = ?)",
            [database.address.schema],
        )
    return float(rows[0][0])


@contextmanager
def _database(kind: str, keep: str | None) -> Iterator[str]:
    if keep:
        yield keep
    elif kind == "postgresql":
        with postgres_server() as server:
            yield server.database()
    else:
        folder = Path(tempfile.mkdtemp(prefix="history-"))
        try:
            yield f"sqlite:///{folder}/history.db"
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
