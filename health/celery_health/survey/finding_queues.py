"""Reads a broker until its reader has found all queues, within bounds."""

import time
from collections.abc import Awaitable, Callable

from celery_health.broker import BrokerReading, Found

_LEAST_READS = 3
"""A reader of Redis has found all queues of a small database at its third read."""


async def read_until_found(read: Callable[[], Awaitable[BrokerReading]], seconds: float) -> BrokerReading:
    """The first reading with all queues that the reader can find, or the last one within ``seconds``."""
    end = time.monotonic() + seconds
    reading = await read()
    reads = 1
    while reading.found is Found.NOT_YET and (reads < _LEAST_READS or time.monotonic() < end):
        reading = await read()
        reads += 1
    return reading
