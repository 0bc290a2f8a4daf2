"""What becomes of events below and above what the whole monitor can take in."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tools.testbed.databases import postgres_server
from tools.testbed.servers import rabbit_server, redis_server

from bench.monitor.programs import Load, publish
from bench.monitor.service import service
from bench.report import Figure

_RATE = 5_000
_BATCH = 20
_MEGABYTE = 1_000_000
_FLAT_MEGABYTES = 20
"""A history with ten times the events may take this much more memory."""


def measure(quick: bool) -> Sequence[Figure]:
    """Below capacity with each broker and database, then above it."""
    found: list[Figure] = []
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="celery-bench-")))
        redis = stack.enter_context(redis_server(home / "redis"))
        rabbit = stack.enter_context(rabbit_server(home / "rabbit"))
        postgres = stack.enter_context(postgres_server())
        for broker, broker_url in (("Redis", redis.url), ("RabbitMQ", rabbit.url)):
            for database, url in (
                ("SQLite", f"sqlite:///{home}/{broker}.db"),
                ("PostgreSQL", postgres.database()),
            ):
                place = home / f"{broker}-{database}"
                found += _steady(place, (broker, broker_url), (database, url), 5 if quick else 60)
        found += _flood(home / "flood", redis.url, f"sqlite:///{home}/flood.db", quick)
    return found


def _steady(home: Path, broker: tuple[str, str], database: tuple[str, str], seconds: int) -> Iterator[Figure]:
    """5,000 events a second, one a message."""
    load = Load(_RATE * seconds // 3, 1, _RATE)
    with service(home, broker[1], database[1]) as running:
        before, used = running.states().get("SUCCESS", 0), running.cpu()
        published, took = publish(broker[1], load)
        counted = running.wait_until_stored(published, 1)
        stored = running.states().get("SUCCESS", 0) - before
        cpu, pss = running.cpu() - used, running.pss()
    what = f"{broker[0]} and {database[0]}, {_RATE:,} events/s for {seconds} s"
    yield Figure(
        f"events lost, {what}",
        published - counted["events_total"],
        at_most=0,
        how=f"{published:,} events, {published / took:,.0f} a second; {published / cpu:,.0f} events per "
        f"CPU-second of the whole monitor; PSS {pss / _MEGABYTE:.0f} MB",
    )
    yield Figure(f"tasks that are not stored with their end, {what}", load.tasks - stored, at_most=0)


def _flood(home: Path, broker: str, database: str, quick: bool) -> Iterator[Figure]:
    """As fast as Redis takes them: a tenth of the events first, to see what more events cost in memory."""
    tasks = 33_340 if quick else 333_400
    with service(home, broker, database) as running:
        events, _ = publish(broker, Load(tasks // 10, _BATCH, 0))
        running.wait_until_stored(events, _BATCH)
        small = running.pss()
        more, took = publish(broker, Load(tasks, _BATCH, 0))
        counted = running.wait_until_stored(events + more, _BATCH)
        large, stored = running.pss(), running.states().get("SUCCESS", 0)
    dropped = counted["events_dropped_total"] * _BATCH
    yield Figure(
        f"events of a flood that are in no count, {more / took:,.0f} events/s",
        events + more - counted["events_total"] - dropped,
        at_most=0,
        how=f"{events + more:,} events, {_BATCH} a message; {dropped:,.0f} were dropped and counted; of "
        f"{tasks + tasks // 10:,} tasks {stored:,} are stored as successful, and "
        f"{counted['database_dropped_total']:,.0f} changes were dropped before the history and counted",
    )
    yield Figure(
        "memory after the flood",
        large / _MEGABYTE,
        "MB",
        at_most=120,
        how="PSS of the whole monitor with SQLite",
    )
    yield Figure(
        "memory that ten times the events take in addition",
        (large - small) / _MEGABYTE,
        "MB",
        at_most=_FLAT_MEGABYTES,
    )
