"""From an event to its task over REST: how long it takes while other events come at a steady rate."""

import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from tests.integration.monitor.monitor_process import API, TOKEN
from tools.testbed.databases import postgres_server
from tools.testbed.servers import redis_server

from bench.errors import BenchError
from bench.estimates import percentile
from bench.monitor.events import EVENTS_OF_A_TASK, events_of_task
from bench.monitor.programs import Load, publish
from bench.monitor.publish import publisher
from bench.monitor.service import Service, service
from bench.report import Figure

RATES = (100, 1_000, 5_000)
_TARGET_MS = 1_000
_PROBES_PER_SECOND = 4
_ASK_EVERY_SECONDS = 0.01
_LIMIT_SECONDS = 60.0


def measure(quick: bool) -> Sequence[Figure]:
    """Each rate on both databases."""
    seconds = 5 if quick else 30
    found = []
    with (
        tempfile.TemporaryDirectory(prefix="celery-bench-") as name,
        redis_server(Path(name) / "redis") as redis,
        postgres_server() as postgres,
    ):
        for database, url in (
            ("SQLite", f"sqlite:///{name}/history.db"),
            ("PostgreSQL", postgres.database()),
        ):
            with service(Path(name) / database, redis.url, url) as running:
                found += [_figure(running, redis.url, database, rate, seconds) for rate in RATES]
    return found


def _figure(running: Service, broker: str, database: str, rate: int, seconds: int) -> Figure:
    used = running.cpu()
    latencies, reached = asyncio.run(_probe(running, broker, rate, seconds))
    cpu = (running.cpu() - used) / seconds
    found = [1000 * latency for latency in latencies]
    return Figure(
        f"from an event to its task over REST, {rate:,} events/s, {database}, 95th percentile",
        percentile(found, 95),
        "ms",
        at_most=_TARGET_MS,
        how=f"{len(found)} tasks; median {statistics.median(found):.0f} ms, longest {max(found):.0f} ms; "
        f"{reached:,.0f} events/s were reached; the monitor used {100 * cpu:.0f} % of a core",
    )


async def _probe(running: Service, broker: str, rate: int, seconds: int) -> tuple[list[float], float]:
    """The latencies in seconds, and the rate of the other events."""
    load = Load(rate * seconds // EVENTS_OF_A_TASK, 1, rate)
    send = publisher(broker)
    publishing = asyncio.create_task(asyncio.to_thread(publish, broker, load))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    probes = []
    async with aiohttp.ClientSession(running.url, headers=headers) as session, asyncio.TaskGroup() as group:
        while not publishing.done():
            task = str(uuid.uuid4())
            send([next(events_of_task(0, task))])
            probes.append(group.create_task(_readable(session, task)))
            await asyncio.sleep(1 / _PROBES_PER_SECOND)
    events, took = publishing.result()
    return [probe.result() for probe in probes], events / took


async def _readable(session: aiohttp.ClientSession, task: str) -> float:
    """Seconds until the task can be read."""
    began = time.monotonic()
    while True:
        async with session.get(f"{API}/tasks/{task}") as answer:
            if answer.status == 200:
                return time.monotonic() - began
        if time.monotonic() - began > _LIMIT_SECONDS:
            raise BenchError(f"A task could not be read for {_LIMIT_SECONDS:.0f} s (status {answer.status}).")
        await asyncio.sleep(_ASK_EVERY_SECONDS)
