"""How soon the page shows something, on a slower machine and network."""

from collections.abc import Sequence

import msgspec
from playwright.sync_api import Browser

from bench.monitor.page.window import window

LATENCY_MS = 40.0
MEGABITS_PER_SECOND = 10.0
TIMES_SLOWER = 2.0
PROFILE = (
    f"{LATENCY_MS:.0f} ms latency, {MEGABITS_PER_SECOND:.0f} Mbit/s, "
    f"a processor {TIMES_SLOWER:.0f} times slower, empty cache"
)
# Each screen with what has to be there, as a JavaScript condition.
SCREENS = {
    "Overview": ("/monitoring", "document.querySelector('main h1') && !document.querySelector('.loading')"),
    "Tasks": ("/monitoring/tasks", "document.querySelector('.grid-body > .grid-row')"),
}


class Loading(msgspec.Struct, frozen=True, rename="camel"):
    """Milliseconds after the start of the navigation, and bytes of all scripts, compressed."""

    painted: float
    useful: float
    script_bytes: int


def load(browser: Browser, monitor: str, screen: str, times: int) -> Sequence[Loading]:
    """Open the screen that many times, each time as for the first time; one more is not counted."""
    return [_load(browser, monitor, screen) for _ in range(times + 1)][1:]


def _load(browser: Browser, monitor: str, screen: str) -> Loading:
    path, useful = SCREENS[screen]
    with window(browser, monitor, useful) as opened:
        opened.slow_down(
            latency_ms=LATENCY_MS,
            bytes_per_second=MEGABITS_PER_SECOND * 1_000_000 / 8,
            times_slower=TIMES_SLOWER,
        )
        page = opened.page
        page.goto(path)
        return msgspec.convert(page.evaluate("bench.loaded()"), Loading)
