"""One queue: its last readings, and the rates that follow from them."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from celery_health.broker import QueueReading

_WINDOW_SECONDS = 20.0
_READINGS = 32


@dataclass(frozen=True, slots=True)
class Fetched:
    """How many messages of a queue these workers have fetched, counted from events.

    ``unplaced``: messages that they fetched from an unknown queue, which may be this one.
    """

    workers: frozenset[str]
    count: int
    unplaced: int = 0


class _Point(NamedTuple):
    at: float
    ready: int
    fetched: int
    unplaced: int


class Queue:
    """The rates are over the last seconds, while the same workers consume the queue."""

    __slots__ = ("_points", "_workers", "at", "name", "reading")

    def __init__(self, name: str) -> None:
        self.name = name
        self.at: float | None = None
        self.reading = QueueReading(name, None)
        self._workers: frozenset[str] = frozenset()
        self._points: deque[_Point] = deque(maxlen=_READINGS)

    def on_reading(self, reading: QueueReading, fetched: Fetched | None, at: float) -> None:
        """Note what the broker showed. A queue that could not be read keeps its last reading.

        ``fetched``: None if it is unknown.
        """
        if reading.ready is None:
            return
        self.reading, self.at = reading, at
        if fetched is None or fetched.workers != self._workers:
            self._points.clear()
        if fetched is None:
            return
        self._workers = fetched.workers
        self._points.append(_Point(at, reading.ready, fetched.count, fetched.unplaced))
        while at - self._points[0].at > _WINDOW_SECONDS:
            self._points.popleft()

    def out_rate(self) -> float | None:
        """Messages that workers fetch per second."""
        if self.reading.out_rate is not None:
            return self.reading.out_rate
        seconds = self._seconds()
        if not seconds or self._points[-1].unplaced > self._points[0].unplaced:
            return None
        return (self._points[-1].fetched - self._points[0].fetched) / seconds

    def in_rate(self) -> float | None:
        """Messages that arrive per second: what the backlog grew by, and what was fetched meanwhile."""
        if self.reading.in_rate is not None:
            return self.reading.in_rate
        seconds, out = self._seconds(), self.out_rate()
        if not seconds or out is None:
            return None
        return max(0.0, (self._points[-1].ready - self._points[0].ready) / seconds + out)

    def _seconds(self) -> float:
        return self._points[-1].at - self._points[0].at if len(self._points) > 1 else 0.0
