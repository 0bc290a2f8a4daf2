"""A history with a million tasks: what a task costs to write and to keep, and how long queries take."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from tools.testbed.databases import postgres_server

from bench.measure import scheduled_seconds
from bench.monitor import blocking
from bench.monitor.history.queries import Timing, timings
from bench.monitor.history.tasks import BATCH, batches
from bench.report import Figure, Finding, Table, say
from celery_monitor.history import History, HistoryOptions, parse_filter

_LIST_MS, _DETAIL_MS, _OVERVIEW_MS = 50, 10, 30
_BYTES_PER_TASK = 600


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured. ``keep``: a URL of a database that is filled only if it is empty, and kept."""

    database: str
    tasks: int = 1_000_000
    arguments: bool = True
    repeats: int = 20
    keep: str | None = None


def measure(quick: bool) -> Sequence[Finding]:
    """Both databases; the size without arguments, the queries with arguments."""
    count, repeats = (20_000, 3) if quick else (1_000_000, 20)
    found: list[Finding] = []
    for database in ("SQLite", "PostgreSQL"):
        bare = Plan(database, count, arguments=False, repeats=0)
        found += [*run(bare), *run(Plan(database, count, repeats=repeats))]
    return found


def run(plan: Plan) -> list[Finding]:
    """The findings of one plan; without repeats no query is timed."""
    with _database(plan) as url:
        return asyncio.run(_measure(url, plan))


async def _measure(url: str, plan: Plan) -> list[Finding]:
    history = await History.open(url, HistoryOptions(keep_days=None, keep_tasks=None))
    try:
        present = (await history.count(parse_filter(""))).number
        kind = "with arguments" if plan.arguments else "without arguments"
        place = f"{plan.database}, {present or plan.tasks:,} tasks {kind}"
        found: list[Finding] = []
        if not present:
            found += await _fill(history, plan, place)
            if plan.database == "PostgreSQL":
                _vacuum(url)
        found.append(
            Figure(
                f"size of a task, {place}",
                await _size(history) / (present or plan.tasks),
                "bytes",
                at_most=None if plan.arguments else _BYTES_PER_TASK,
                how="all tables and indexes, rollups too",
            )
        )
        if plan.repeats:
            found += await _queries(history, url, plan, place)
    finally:
        await history.close()
    return [*found, *(blocking.measure(url, place) if plan.repeats else ())]


async def _fill(history: History, plan: Plan, place: str) -> list[Finding]:
    used = last = 0.0
    written = 0
    for batch in batches(plan.tasks, time.time(), arguments=plan.arguments):
        began = time.process_time()
        await history.write(batch)
        last = time.process_time() - began
        used += last
        written += len(batch)
        if written % (100 * BATCH) == 0:
            now = last / len(batch) * 1e6
            say(f"{written:,} tasks, {used / written * 1e6:.0f} us a task, now {now:.0f} us")
    return [
        Figure(
            f"CPU of writing a task, {place}",
            used / written * 1e6,
            "us",
            how="of the monitor's process, without decoding and merging; "
            f"{last / len(batch) * 1e6:.0f} us at the end",
        )
    ]


async def _queries(history: History, url: str, plan: Plan, place: str) -> list[Finding]:
    newest = (await history.tasks(parse_filter(""), limit=1_000)).items
    ids = [record.id for record in newest]

    def cpu() -> float:
        own = time.process_time()
        return own if url.startswith("sqlite") else own + scheduled_seconds(_backends(url))

    found = await timings(history, ids, newest[0].sent or 0.0, plan.repeats, cpu)
    load = os.getloadavg()[0]
    rows = [
        (one.what, f"{one.median:.1f}", f"{one.p95:.1f}", f"{one.cpu:.1f}")
        for one in sorted(found, key=lambda one: -one.cpu)
    ]
    return [
        *_slowest("list", found, place, _LIST_MS, load),
        *_slowest("detail", found, place, _DETAIL_MS, load),
        *_slowest("overview", found, place, _OVERVIEW_MS, load),
        Table((f"query, {place}", "median ms", "95th percentile ms", "CPU ms"), rows),
    ]


def _slowest(kind: str, found: Sequence[Timing], place: str, most: float, load: float) -> list[Figure]:
    """Wall-clock time, which other load makes longer, and CPU time, which is that of a machine at rest."""
    kinds = ("list", "page") if kind == "list" else (kind,)
    chosen = [one for one in found if one.what.startswith(kinds)]
    by_time, by_cpu = max(chosen, key=lambda one: one.p95), max(chosen, key=lambda one: one.cpu)
    return [
        Figure(
            f"{kind}, 95th percentile of the slowest, {place}",
            by_time.p95,
            "ms",
            at_most=most,
            how=f"{by_time.what}; load {load:.1f}",
        ),
        Figure(f"{kind}, CPU of the slowest, {place}", by_cpu.cpu, "ms", at_most=most, how=by_cpu.what),
    ]


def _vacuum(url: str) -> None:
    """What PostgreSQL does by itself while tasks come over hours, and not yet after a fill of minutes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def _backends(url: str) -> list[int]:
    """The processes of the server that answer a client."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'celery-monitor'"
        ).fetchall()
    return [row[0] for row in rows]


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
def _database(plan: Plan) -> Iterator[str]:
    if plan.keep:
        yield plan.keep
    elif plan.database == "PostgreSQL":
        with postgres_server() as server:
            yield server.database()
    else:
        folder = Path(tempfile.mkdtemp(prefix="history-"))
        try:
            yield f"sqlite:///{folder}/history.db"
        finally:
            shutil.rmtree(folder)
