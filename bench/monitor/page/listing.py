"""The Tasks screen with all tasks in its list, scrolled while events arrive."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle

from playwright.sync_api import Browser, Page

from bench.errors import BenchError
from bench.monitor.events import EVENTS_OF_A_TASK
from bench.monitor.page.window import Costs, Recording, Window, window
from bench.monitor.programs import Load, publish
from bench.report import say

TASKS = "/monitoring/tasks"
RATE = 1_000
"""Events a second."""
ROW = 0.9
"""The row to scroll to, as a part of the list: 90,000 of 100,000."""

# Parts of the list: where a person goes on reading, with the wheel.
_DEPTHS = (0.0, 0.5, ROW, 0.2)
_WHEEL_PIXELS = 300
_WHEEL_EVERY_MS = 100.0
_TURNS = 40
_SHOW_NEWER_EVERY_MS = 2_000.0
_NO_PROGRESS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Live:
    """The page while events arrive.

    ``rate``: events that were published in a second. ``before`` and ``after``: with the garbage collected.
    """

    rate: float
    seconds: float
    frames: Recording
    before: Costs
    after: Costs

    @property
    def busy(self) -> float:
        """CPU seconds of the page's main thread in a second."""
        return (self.after.busy - self.before.busy) / self.seconds


@dataclass(frozen=True, slots=True)
class Scrolled:
    """``listed``: tasks in the list at the end. ``list_seconds``: until all tasks to the row were in it, by
    pressing End. ``jump_ms``: then, from the top of the list to the row.
    """

    listed: int
    list_seconds: float
    jump_ms: float
    live: Live


def scroll(browser: Browser, monitor: str, broker: str, tasks: int, seconds: int) -> Scrolled:
    """List all tasks, then scroll through them while events arrive."""
    row = int(tasks * ROW)
    with window(browser, monitor) as opened:
        page = opened.page
        page.goto(TASKS)
        list_seconds = _list(page, row + 1)
        say(f"{row:,} tasks are listed after {list_seconds:.0f} s")
        _list(page, tasks)
        page.evaluate("bench.jump(0)")
        jump_ms = page.evaluate(f"bench.jump({row})")
        live = _while_live(opened, broker, seconds, lambda publishing: _wander(page, tasks, publishing))
        if not page.locator(".newer").is_visible():
            raise BenchError("The list does not say that newer tasks came.")
        return Scrolled(page.evaluate("bench.listed()"), list_seconds, jump_ms, live)


def follow(browser: Browser, monitor: str, broker: str, seconds: int) -> Live:
    """Show the newest tasks again and again while events arrive."""
    with window(browser, monitor) as opened:
        page = opened.page
        page.goto(TASKS)
        _list(page, 1)
        first = _first_task(page)
        live = _while_live(opened, broker, seconds, lambda publishing: _show_newer(page, publishing))
        if _first_task(page) == first:
            raise BenchError("The list did not show newer tasks.")
        return live


def _list(page: Page, rows: int) -> float:
    """Press End until that many rows are in the list; returns the seconds."""
    began = grown = time.monotonic()
    listed = 0
    while listed < rows:
        # Now and then the browser scrolls to where the list ended before it grew: then End is pressed again.
        if listed:
            page.keyboard.press("End")
        before, listed = listed, page.evaluate(f"bench.listedAfter({listed})")
        if listed > before:
            grown = time.monotonic()
        elif time.monotonic() - grown > _NO_PROGRESS_SECONDS:
            raise BenchError(f"The list ends at {listed:,} tasks: {page.locator('main').inner_text()[-200:]}")
    return time.monotonic() - began


def _while_live(
    opened: Window, broker: str, seconds: int, read: Callable[[Future[tuple[int, float]]], None]
) -> Live:
    """Publish events and ``read`` meanwhile."""
    load = Load(RATE * seconds // EVENTS_OF_A_TASK, 1, RATE)
    before, began = opened.costs(), time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish, broker, load)
        opened.start_recording()
        read(publishing)
        frames = opened.recording()
        events, took = publishing.result()
    wall = time.monotonic() - began
    return Live(rate=events / took, seconds=wall, frames=frames, before=before, after=opened.costs())


def _wander(page: Page, tasks: int, publishing: Future[tuple[int, float]]) -> None:
    page.mouse.move(640, 600)
    for depth in cycle(_DEPTHS):
        page.evaluate(f"bench.jump({int(depth * (tasks - 1))})")
        for turn in range(_TURNS):
            if publishing.done():
                return
            page.mouse.wheel(0, -_WHEEL_PIXELS if turn % 4 == 0 else _WHEEL_PIXELS)
            page.wait_for_timeout(_WHEEL_EVERY_MS)


def _show_newer(page: Page, publishing: Future[tuple[int, float]]) -> None:
    while not publishing.done():
        page.wait_for_timeout(_SHOW_NEWER_EVERY_MS)
        page.keyboard.press("n")


def _first_task(page: Page) -> str | None:
    return page.locator("[data-row-link]").first.get_attribute("href")
