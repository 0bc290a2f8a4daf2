"""The figures of the page, in Debian's Chromium."""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError
from tests.integration.monitor.page.browser import CHROMIUM, chromium
from tools.testbed.servers import redis_server

from bench.errors import BenchError
from bench.estimates import estimate
from bench.monitor.history.tasks import batches
from bench.monitor.page.listing import RATE, ROW, Live, Scrolled, follow, scroll
from bench.monitor.page.loading import PROFILE, SCREENS, Loading, load
from bench.monitor.page.window import SLOW_FRAME_MS
from bench.monitor.service import service
from bench.report import Figure, say
from celery_monitor.history import History, HistoryOptions

_MEGABYTE, _KILOBYTE = 1_000_000, 1_000
_USEFUL_MS = 1_000
_SCRIPT_KILOBYTES = 120
_GROWTH_MEGABYTES = 2
_JUMP_MS = 200
_MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; ``follow_seconds`` of the list that shows the newest tasks."""

    tasks: int
    seconds: int
    follow_seconds: int
    loads: int


@dataclass(frozen=True, slots=True)
class Result:
    """``browser``: its version. ``loads``: by screen."""

    browser: str
    loads: Mapping[str, Sequence[Loading]]
    scrolled: Scrolled
    followed: Live


def measure(quick: bool) -> Sequence[Figure]:
    """Measure the page of a monitor with SQLite."""
    plan = Plan(5_000, 5, 5, 2) if quick else Plan(100_000, 60, 30, 10)
    if not Path(CHROMIUM).exists():
        raise BenchError(f"There is no {CHROMIUM}: install Debian's package chromium.")
    with (
        tempfile.TemporaryDirectory(prefix="celery-bench-") as name,
        redis_server(Path(name) / "redis") as redis,
    ):
        database = f"sqlite:///{name}/history.db"
        asyncio.run(_fill(database, plan.tasks))
        say(f"The history has {plan.tasks:,} tasks")
        with service(Path(name) / "monitor", redis.url, database) as monitor, chromium() as browser:
            try:
                return figures(_measured(browser, monitor.url, redis.url, plan))
            except BrowserError as error:
                raise BenchError(f"The browser: {error}") from error


async def _fill(database: str, count: int) -> None:
    history = await History.open(database, HistoryOptions(keep_days=None, keep_tasks=None))
    try:
        for batch in batches(count, time.time(), arguments=True):
            await history.write(batch)
    finally:
        await history.close()


def _measured(browser: Browser, monitor: str, broker: str, plan: Plan) -> Result:
    loads = {screen: load(browser, monitor, screen, plan.loads) for screen in SCREENS}
    say("The first paints are measured")
    scrolled = scroll(browser, monitor, broker, plan.tasks, plan.seconds)
    followed = follow(browser, monitor, broker, plan.follow_seconds)
    return Result(browser.version, loads, scrolled, followed)


def figures(result: Result) -> list[Figure]:
    """What was measured, beside the targets of the page."""
    return [
        *(figure for screen, loads in result.loads.items() for figure in _loading(screen, loads)),
        Figure(
            "scripts, compressed",
            max(one.script_bytes for loads in result.loads.values() for one in loads) / _KILOBYTE,
            "kB",
            at_most=_SCRIPT_KILOBYTES,
            how=f"as they came over the network, for the screen that loads most; Chromium {result.browser}",
        ),
        *_scrolling(result.scrolled),
        *_frames("frame to frame, all tasks listed", result.scrolled.live, "scrolled by wheel and by jumps"),
        *_memory(result.scrolled.live),
        *_frames("frame to frame, newest tasks", result.followed, "`n` pressed every 2 s"),
    ]


def _loading(screen: str, loads: Sequence[Loading]) -> list[Figure]:
    found = {
        "first contentful paint": [one.painted for one in loads],
        "first useful paint": [one.useful for one in loads],
    }
    rows = []
    for what, values in found.items():
        middle = estimate(values)
        rows.append(
            Figure(
                f"{what}, {screen}",
                middle.median,
                "ms",
                at_most=_USEFUL_MS,
                low=middle.low,
                high=middle.high,
                how=f"{PROFILE}; median of {middle.samples}, longest {max(values):.0f} ms",
            )
        )
    return rows


def _scrolling(scrolled: Scrolled) -> list[Figure]:
    row = f"row {int(scrolled.listed * ROW):,}"
    return [
        Figure(
            "rows in the document",
            scrolled.live.frames.most_rows,
            at_most=_MOST_ROWS,
            how=f"most at one time, {scrolled.listed:,} tasks listed; window of 1280 x 800",
        ),
        Figure(f"a jump to {row}", scrolled.jump_ms, "ms", at_most=_JUMP_MS, how="until the row is drawn"),
        Figure(
            f"listing all tasks to {row}",
            scrolled.list_seconds,
            "s",
            how="End pressed again and again; pages of 500 tasks are read",
        ),
    ]


def _frames(what: str, live: Live, how: str) -> list[Figure]:
    frames = live.frames
    longest = max(frames.long_tasks, default=0.0)
    slowest = f"; longest frame {frames.slowest}" if frames.slowest else ""
    return [
        Figure(
            f"{what}, p95",
            frames.interval(95),
            "ms",
            at_most=SLOW_FRAME_MS,
            how=f"{live.rate:,.0f} of {RATE:,} events/s for {live.seconds:.0f} s, {how}; "
            f"{len(frames.intervals):,} frames; {100 * live.busy:.1f} % of a core for the page's main thread",
        ),
        Figure("the same, p50", frames.interval(50), "ms"),
        Figure(
            "the same, worst",
            frames.interval(100),
            "ms",
            how=f"{frames.slow:,} frames over {SLOW_FRAME_MS:.0f} ms; "
            f"long tasks: {len(frames.long_tasks):,}, longest {longest:.0f} ms{slowest}",
        ),
    ]


def _memory(live: Live) -> list[Figure]:
    before, after = live.before, live.after
    return [
        Figure("JS heap at the start", before.heap / _MEGABYTE, "MB", how="all tasks listed, no garbage"),
        Figure(
            "its growth",
            (after.heap - before.heap) / _MEGABYTE,
            "MB",
            at_most=_GROWTH_MEGABYTES,
            how=f"to {after.heap / _MEGABYTE:.1f} MB at the end, no garbage; "
            f"{before.nodes:,.0f} nodes before, {after.nodes:,.0f} after",
        ),
    ]
