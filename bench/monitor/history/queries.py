"""The queries that are timed."""

import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

from bench.estimates import percentile
from celery_monitor.history import History, Sort, Window, parse_filter, parse_sort

FILTERS = (
    "",
    "state:success",
    "state:failure",
    "state:lost",
    "state:started",
    "-state:success",
    "name:shop.mail.a",
    "name:shop.mail.*",
    "name:*.c",
    "-name:shop.*",
    "worker:celery@shop-worker-3",
    "worker:*-1*",
    "queue:urgent",
    "queue:default",
    "state:failure name:shop.pay.b",
    "state:failure name:shop.pay.b worker:*-7",
    "state:lost queue:urgent",
    "state:started error:KeyError",
    "error:KeyError",
    "error:Declined name:shop.stock.*",
    "runtime:>30s",
    "runtime:>1s",
    "runtime:<2ms",
    "runtime:>5s state:failure",
    "wait:>4s",
    "wait:>1s queue:slow",
    "retries:>0",
    "twice:yes",
    "after:10m",
    "before:60m state:lost",
    "after:2h before:1h name:shop.report.a",
    "arg:42",
    "arg:4242",
    "arg:7",
    "arg:EUR",
    "arg:9*",
    "arg:customer-777@example.com",
    "customer-4242",
    "currency",
    "mail",
    "pay.b state:failure",
    "-mail",
    "result:done",
    "nothing-like-this",
    "EUR state:failure",
    "-arg:EUR -arg:USD",
    "declined name:shop.pay.a",
    "wait:>1s runtime:>1s state:failure worker:*-3",
    "id:0a1b*",
)
SORTS = ("-time", "time", "-runtime", "-wait", "name", "-state", "worker", "queue")


class Timing(NamedTuple):
    """Milliseconds of one query: the middle of its runs, and the 95th percentile.

    ``cpu``: CPU time of one run, of this process and of the database; other load does not change it.
    """

    what: str
    median: float
    p95: float
    cpu: float


CpuSeconds = Callable[[], float]


async def time_of(
    what: str, call: Callable[[], Awaitable[object]], repeats: int, cpu_seconds: CpuSeconds
) -> Timing:
    """Call it once to warm up, then time it."""
    await call()
    found = []
    began_cpu = cpu_seconds()
    for _ in range(repeats):
        began = time.perf_counter()
        await call()
        found.append((time.perf_counter() - began) * 1000)
    cpu = (cpu_seconds() - began_cpu) / repeats * 1000
    return Timing(what, statistics.median(found), percentile(found, 95), cpu)


async def timings(
    history: History, ids: Sequence[str], until: float, repeats: int, cpu_seconds: CpuSeconds
) -> list[Timing]:
    """All queries."""
    found: list[Timing] = []

    async def add(what: str, call: Callable[[], Awaitable[object]], times: int = 1) -> None:
        found.append(await time_of(what, call, repeats * times, cpu_seconds))

    def page(text: str, sort: Sort, cursor: str | None = None) -> Callable[[], Awaitable[object]]:
        return lambda: history.tasks(parse_filter(text), sort, cursor, 100)

    lists = [(text, Sort()) for text in FILTERS]
    for text in ("", "state:failure", "name:shop.mail.* state:success", "wait:>4s"):
        lists += [(text, parse_sort(sort)) for sort in SORTS[1:]]
    for text, sort in lists:
        await add(f"list {text or '(all)'} by {sort}", page(text, sort))
    for sort in map(parse_sort, ("-time", "-runtime", "name")):
        cursor = None
        for _ in range(100):
            cursor = (await history.tasks(parse_filter(""), sort, cursor, 1000)).next_cursor
        await add(f"page 1000 by {sort}", page("", sort, cursor))
    chance = random.Random(1)
    await add("detail", lambda: history.task(chance.choice(ids)), 10)
    for hours in (1, 24):
        window = Window(until - hours * 3600, until)
        for what in (history.overview, history.names, history.series, history.failures):
            await add(f"{what.__name__} {hours} h", partial(what, window))
    await add("count (all)", lambda: history.count(parse_filter("")))
    await add("count -name", lambda: history.count(parse_filter("-name:shop.mail.*")))
    return found
