"""The queries that are timed."""

import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple

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
    "arg:customer-777@example.com",
    "customer-4242",
    "currency",
    "nothing-like-this",
    "EUR state:failure",
    "-arg:EUR -arg:USD",
    "declined name:shop.pay.a",
    "wait:>1s runtime:>1s state:failure worker:*-3",
    "id:0a1b*",
)
SORTS = ("-time", "time", "-runtime", "-wait", "name", "-state", "worker", "queue")


class Timing(NamedTuple):
    """Milliseconds of one query: the middle of its runs, the 95th percentile, and the CPU of this process."""

    what: str
    median: float
    p95: float
    cpu: float


async def time_of(what: str, call: Callable[[], Awaitable[object]], repeats: int) -> Timing:
    """Call it once to warm up, then time it."""
    await call()
    found = []
    began_cpu = time.process_time()
    for _ in range(repeats):
        began = time.perf_counter()
        await call()
        found.append((time.perf_counter() - began) * 1000)
    cpu = (time.process_time() - began_cpu) / repeats * 1000
    found.sort()
    return Timing(what, statistics.median(found), found[min(len(found) - 1, int(0.95 * len(found)))], cpu)


async def timings(history: History, ids: Sequence[str], until: float, repeats: int) -> list[Timing]:
    """All queries."""
    found = []

    def page(text: str, sort: Sort, cursor: str | None = None) -> Callable[[], Awaitable[object]]:
        return lambda: history.tasks(parse_filter(text), sort, cursor, 100)

    lists = [(text, Sort()) for text in FILTERS]
    for text in ("", "state:failure", "name:shop.mail.* state:success", "wait:>4s"):
        lists += [(text, parse_sort(sort)) for sort in SORTS[1:]]
    for text, sort in lists:
        found.append(await time_of(f"list {text or '(all)'} by {sort}", page(text, sort), repeats))
    for sort in map(parse_sort, ("-time", "-runtime", "name")):
        cursor = None
        for _ in range(100):
            cursor = (await history.tasks(parse_filter(""), sort, cursor, 1000)).next_cursor
        found.append(await time_of(f"page 1000 by {sort}", page("", sort, cursor), repeats))
    chance = random.Random(1)
    found.append(await time_of("detail", lambda: history.task(chance.choice(ids)), repeats * 10))
    for hours in (1, 24):
        window = Window(until - hours * 3600, until)
        for what in (history.overview, history.names, history.series, history.failures):
            call = partial(what, window)
            found.append(await time_of(f"{what.__name__} {hours} h", call, repeats))
    found.append(await time_of("count (all)", lambda: history.count(parse_filter("")), repeats))
    found.append(
        await time_of("count -name", lambda: history.count(parse_filter("-name:shop.mail.*")), repeats)
    )
    return found
