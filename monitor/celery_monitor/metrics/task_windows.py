"""Runs of the last minutes by task name, for the rules about tasks.

It is fed with each event, so it is plain dictionaries. Sums over a window are kept up to date, so that an
evaluation reads only the tasks that fail or are slow.
"""

from collections import deque
from collections.abc import Mapping
from math import ceil

from celery_monitor.metrics.labels import MAX_VALUE, OTHER, UNKNOWN

FAILURE_MINUTES = 5
RUNTIME_MINUTES = 15
SLOW_SHARE = 20
"""One of this number of runs makes the 95th percentile."""
MOST_NAMES = 20_000
_MINUTE = 60.0
_MOST_SAMPLES = 100
"""Runtimes of one task in one minute."""

Counts = dict[str, int]


class _Minute:
    __slots__ = ("failed", "ran", "samples", "slow", "started")

    def __init__(self) -> None:
        self.started: Counts = {}
        self.failed: Counts = {}
        self.ran: Counts = {}
        self.slow: Counts = {}
        self.samples: dict[str, list[float]] = {}


class TaskWindows:
    """``slow_seconds``: a run is slow above this runtime. ``since``: when counting began."""

    def __init__(self, now: float, slow_seconds: float = 300.0) -> None:
        self.slow_seconds = slow_seconds
        self.since = self._turned = now
        self._minutes: deque[_Minute] = deque([_Minute()])
        self._started: Counts = {}
        self._failed: Counts = {}
        self._ran: Counts = {}
        self._slow: Counts = {}

    def started(self, name: str | None) -> None:
        """A run began."""
        name = self._label(name, self._started)
        _add(self._started, name)
        _add(self._minutes[-1].started, name)

    def failed(self, name: str | None) -> None:
        """A run failed."""
        name = self._label(name, self._failed)
        _add(self._failed, name)
        _add(self._minutes[-1].failed, name)

    def ran(self, name: str | None, seconds: float) -> None:
        """A run succeeded after this time."""
        name = self._label(name, self._ran)
        _add(self._ran, name)
        minute = self._minutes[-1]
        _add(minute.ran, name)
        if seconds > self.slow_seconds:
            _add(self._slow, name)
            _add(minute.slow, name)
            samples = minute.samples.setdefault(name, [])
            if len(samples) < _MOST_SAMPLES:
                samples.append(seconds)

    def turn(self, now: float) -> None:
        """Begin a new minute if it is time, and drop what is older than a window."""
        if (ahead := self._turned - now) > 0:
            # The clock was set back.
            self.since, self._turned = self.since - ahead, now
        if now - self._turned < _MINUTE:
            return
        minutes = int((now - self._turned) // _MINUTE)
        self._turned += minutes * _MINUTE
        for _ in range(min(minutes, RUNTIME_MINUTES + 1)):
            self._minutes.append(_Minute())
            if len(self._minutes) > FAILURE_MINUTES + 1:
                gone = self._minutes[-FAILURE_MINUTES - 2]
                _subtract(self._started, gone.started)
                _subtract(self._failed, gone.failed)
                gone.started, gone.failed = {}, {}
            if len(self._minutes) > RUNTIME_MINUTES + 1:
                old = self._minutes.popleft()
                _subtract(self._ran, old.ran)
                _subtract(self._slow, old.slow)

    def failing(self, percent: float) -> dict[str, float]:
        """The tasks of whose runs in the last 5 minutes more than this share failed, with the share."""
        started = self._started
        return {
            name: 100.0 * failed / max(failed, started.get(name, 0))
            for name, failed in self._failed.items()
            if 100 * failed > percent * max(failed, started.get(name, 0))
        }

    def slow(self) -> dict[str, float]:
        """What the slowest 5 % of the last 15 minutes took at least, of tasks where it is too long."""
        ran = self._ran
        return {
            name: self._percentile(name, ran[name])
            for name, slow in self._slow.items()
            if slow * SLOW_SHARE > ran[name]
        }

    def _percentile(self, name: str, runs: int) -> float:
        samples = sorted(
            (seconds for minute in self._minutes for seconds in minute.samples.get(name, ())), reverse=True
        )
        return samples[min(len(samples), max(1, ceil(runs / SLOW_SHARE))) - 1]

    def _label(self, name: str | None, known: Mapping[str, int]) -> str:
        label = (name or UNKNOWN)[:MAX_VALUE]
        return label if label in known or len(known) < MOST_NAMES else OTHER


def _add(counts: Counts, name: str) -> None:
    try:
        counts[name] += 1
    except KeyError:
        counts[name] = 1


def _subtract(counts: Counts, gone: Mapping[str, int]) -> None:
    for name, number in gone.items():
        left = counts.get(name, 0) - number
        if left > 0:
            counts[name] = left
        else:
            counts.pop(name, None)
