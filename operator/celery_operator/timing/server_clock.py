"""The clock of the API server, by which objects have their times: that of the operator's node may differ."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_RESOLUTION = 1.0
"""Of the header ``Date``, in seconds: the rest is cut off."""


class ServerClock:
    """What the clock of the API server shows, from the header ``Date`` of its answers.

    Each answer bounds how far that clock is ahead of the operator's. Bounds that contradict the earlier ones
    mean that one of the clocks was set, and count alone.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """``clock``: that of the operator's node, in seconds since 1970."""
        self._clock = clock
        self._least, self._most = float("-inf"), float("inf")

    def time(self) -> float:
        """The time of the operator's own node, for ``note``."""
        return self._clock()

    def note(self, date: str, sent_at: float) -> None:
        """An answer with this header came now, to a request of ``sent_at``."""
        try:
            shown = parsedate_to_datetime(date).timestamp()
        except ValueError:
            return
        least, most = shown - self._clock(), shown + _RESOLUTION - sent_at
        if least > self._most or most < self._least:
            self._least, self._most = least, most
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)

    def now(self) -> datetime:
        """The time there; that of the operator's own node as far as no answer contradicts it."""
        ahead = min(max(0.0, self._least), self._most)
        return datetime.fromtimestamp(self._clock() + ahead, UTC)
