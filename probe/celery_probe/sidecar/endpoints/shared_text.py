"""One rendering of the metrics for all who ask at the same time.

Anyone in the cluster may scrape, and a rendering blocks the loop that answers the kubelet's probes.
"""

import asyncio
from collections.abc import Callable

REST = 9.0
"""Between two renderings pass this many times the seconds that the first one took."""
_LONGEST_REST_SECONDS = 1.0


class SharedText:
    """A text that is never older than its request. A request may have to wait for the next rendering."""

    def __init__(self, render: Callable[[], bytes]) -> None:
        self._render = render
        self._next: asyncio.Task[bytes] | None = None
        self._due = 0.0

    async def get(self) -> bytes:
        """The text as it is rendered next."""
        if self._next is None:
            self._next = asyncio.create_task(self._render_when_due())
        # Others wait for the same rendering when one request is cancelled.
        return await asyncio.shield(self._next)

    async def _render_when_due(self) -> bytes:
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(self._due - clock())
        self._next = None
        began = clock()
        try:
            return self._render()
        finally:
            self._due = clock() + min(REST * (clock() - began), _LONGEST_REST_SECONDS)
