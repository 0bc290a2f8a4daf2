"""Reads a broker until its reader has found all queues, within bounds."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from celery_health.broker import BrokerReading, Found

MOST_SECONDS = 1.0
_LEAST_READS = 3
"""A reader of Redis has found all queues of a small database at its third read."""
_PAUSE_SECONDS = 0.05
"""For the other clients of the server: each further read scans up to 10,000 keys."""


async def read_until_found(
    read: Callable[[], Awaitable[BrokerReading]], seconds: float = math.inf
) -> BrokerReading:
    """The first reading with all queues that the reader can find, or the last one in time.

    The time is ``seconds``, and no more than MOST_SECONDS.
    """
    end = time.monotonic() + min(seconds, MOST_SECONDS)
    reading = await read()
    reads = 1
    while _may_find_more(reading, reads) and (reads < _LEAST_READS or time.monotonic() < end):
        if reads >= _LEAST_READS:
            await asyncio.sleep(_PAUSE_SECONDS)
        reading = await read()
        reads += 1
    return reading


def _may_find_more(reading: BrokerReading, reads: int) -> bool:
    """Also after one read that failed: the next one has a new connection."""
    return reading.found is Found.NOT_YET or (reading.reachable is False and reads == 1)
