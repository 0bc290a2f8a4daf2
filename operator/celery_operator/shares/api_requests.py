"""How many requests the API server gets: of each CeleryDeployment, and of all of them together.

Each CeleryDeployment has a token bucket, and there is one for all. Requests of the operator itself, such as
the renewal of the Lease, wait for none of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from celery_operator.shares import holders
from celery_operator.shares.slots import Slots

RATE_OF_ONE = 20.0
"""Requests per second of one CeleryDeployment, in the long run."""
BURST_OF_ONE = 60
"""Requests that it can send at once after a while without any: its owned objects, a status, Events, pods."""
RATE = 100.0
BURST = 100
AT_ONCE = 64
AT_ONCE_OF_ONE = 8
LONGEST_PAUSE_SECONDS = 30.0
"""A longer pause than this is not taken from the API server's answer."""

_OVERLOADED = frozenset({429, 503})


class TokenBucket:
    """``burst`` tokens at first, and ``rate`` new ones per second, up to ``burst``."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / rate
        self._burst = burst
        self._clock = clock
        self._full_at = float("-inf")

    def take(self) -> float:
        """Take one token; the seconds until it is there. Those who take later wait longer."""
        now = self._clock()
        self._full_at = max(self._full_at, now) + self._interval
        return max(0.0, self._full_at - self._burst * self._interval - now)

    def pause(self, seconds: float) -> None:
        """Have no token before this time is over."""
        self._full_at = max(self._full_at, self._clock() + seconds + (self._burst - 1) * self._interval)

    @property
    def is_full(self) -> bool:
        """Whether a new bucket would be the same."""
        return self._full_at <= self._clock()


class ApiRequests:
    """The requests of one process to its API server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slots = Slots(AT_ONCE, AT_ONCE_OF_ONE)
        self._all = TokenBucket(RATE, BURST, clock)
        self._buckets: dict[str, TokenBucket] = {}

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until the holder of this context may send a request, which the block does."""
        holder = holders.current()
        if holder == holders.OPERATOR:
            yield
            return
        await _wait(self._bucket(holder).take())
        async with self._slots.slot():
            await _wait(self._all.take())
            yield

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """The API server answered a request of this context: it may have asked for a pause."""
        if status in _OVERLOADED and (seconds := _seconds(headers.get("Retry-After", ""))):
            holder = holders.current()
            if holder != holders.OPERATOR:
                self._bucket(holder).pause(min(seconds, LONGEST_PAUSE_SECONDS))

    def _bucket(self, holder: str) -> TokenBucket:
        if holder not in self._buckets:
            self._buckets = {name: one for name, one in self._buckets.items() if not one.is_full}
            self._buckets[holder] = TokenBucket(RATE_OF_ONE, BURST_OF_ONE, self._clock)
        return self._buckets[holder]


async def _wait(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)


def _seconds(text: str) -> int:
    """The header's number of seconds; 0 for anything else: the API server sends no date."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
