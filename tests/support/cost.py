"""What work costs this process: the memory at its worst moment, and the turns of the event loop."""

import asyncio
import gc
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 8_000_000
# Turns take 1 to 8 ms, and may take 20. A busy machine makes them longer.
# The faults that these tests find took 100 ms to seconds.
MOST_LOOP_SECONDS = 0.1

_TICK_SECONDS = 0.001
_PROCESS = Path("/proc/self")


@dataclass(frozen=True, slots=True)
class Cost:
    """``peak_bytes``: above what was used before. ``loop_seconds``: CPU of the loop's longest turn.

    CPU and not time: the machine may be busy with other things.
    """

    peak_bytes: int
    loop_seconds: float


async def cost_of(work: Callable[[], Awaitable[object]]) -> Cost:
    """Do the work and measure it."""
    gc.collect()
    (_PROCESS / "clear_refs").write_text("5")
    before = _status("VmRSS")
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            started = time.thread_time()
            await asyncio.sleep(_TICK_SECONDS)
            longest = max(longest, time.thread_time() - started)

    ticking = asyncio.create_task(tick())
    try:
        await work()
        await asyncio.sleep(_TICK_SECONDS)
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
    return Cost(_status("VmHWM") - before, longest)


def _status(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", (_PROCESS / "status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024
