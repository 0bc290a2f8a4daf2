"""A window of the browser on the monitor's page, with the recorder in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, Page
from tests.integration.monitor.monitor_process import API, TOKEN
from tests.integration.monitor.page.browser import PATIENCE_MS, SIZES

from bench.errors import BenchError
from bench.estimates import percentile

RECORDER = Path(__file__).with_name("recorder.js")
SLOW_FRAME_MS = 50.0


class Script(msgspec.Struct, frozen=True):
    """What ran in a long frame: milliseconds, and what called it where."""

    duration: float
    place: str


class LongFrame(msgspec.Struct, frozen=True):
    """A frame of more than 50 ms. ``drawing``: milliseconds of style, layout and paint."""

    duration: float
    drawing: float
    scripts: Sequence[Script]

    def __str__(self) -> str:
        costs = [f"{one.duration:.0f} ms {one.place}" for one in self.scripts]
        return f"{self.duration:.0f} ms: {', '.join([*costs, f'{self.drawing:.0f} ms drawing'])}"


class Recording(msgspec.Struct, frozen=True, rename="camel"):
    """Frames of the page, in milliseconds.

    ``intervals``: from each frame to the next. ``long_tasks``: work of more than 50 ms that no frame
    interrupts. ``most_rows``: of a table, in the document at one time.
    """

    intervals: Sequence[float]
    long_tasks: Sequence[float]
    slowest: LongFrame | None
    most_rows: int

    def interval(self, percent: float) -> float:
        """The percentile of the time from a frame to the next."""
        return percentile(self.intervals, percent)

    @property
    def slow(self) -> int:
        """How many frames came more than 50 ms after the one before."""
        return sum(interval > SLOW_FRAME_MS for interval in self.intervals)


@dataclass(frozen=True, slots=True)
class Costs:
    """What the page has in memory, without garbage, and CPU seconds of its main thread so far."""

    heap: float
    nodes: float
    busy: float


class Window:
    """One page, logged in."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def slow_down(self, *, latency_ms: float, bytes_per_second: float, times_slower: float) -> None:
        """Give it a slower network and a slower processor than this machine has."""
        speed = {"downloadThroughput": bytes_per_second, "uploadThroughput": bytes_per_second}
        self._devtools.send("Network.enable")
        self._devtools.send(
            "Network.emulateNetworkConditions", {"offline": False, "latency": latency_ms, **speed}
        )
        self._devtools.send("Emulation.setCPUThrottlingRate", {"rate": times_slower})

    def costs(self) -> Costs:
        """Collect the garbage, then read."""
        self._devtools.send("HeapProfiler.collectGarbage")
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        found = {one["name"]: one["value"] for one in metrics}
        return Costs(heap=found["JSHeapUsedSize"], nodes=found["Nodes"], busy=found["TaskDuration"])

    def start_recording(self) -> None:
        """Begin a new recording."""
        self.page.evaluate("bench.start()")

    def recording(self) -> Recording:
        """End the recording."""
        return recording(self.page.evaluate("bench.stop()"))


def recording(document: object) -> Recording:
    """What the recorder says.

    Raises:
        BenchError: the page had no frames.
    """
    found = msgspec.convert(document, Recording)
    if not found.intervals:
        raise BenchError("The browser drew no frames: is its window hidden?")
    return found


@contextmanager
def window(browser: Browser, monitor: str, useful: str = "false") -> Iterator[Window]:
    """A window with an empty cache; ``useful``: the JavaScript condition of being useful."""
    context = browser.new_context(base_url=monitor, locale="en-GB", **SIZES["desktop"])
    try:
        answer = context.request.post(f"{API}/login", data={"token": TOKEN})
        if not answer.ok:
            raise BenchError(f"The monitor refused the login: {answer.status} {answer.text()[:200]}")
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(f"{RECORDER.read_text()}\nbench.usefulWhen(() => {useful});")
        yield Window(page)
    finally:
        context.close()
