"""The deaths of a worker's pool children, kept for a while in bounded memory.

The thread that runs the pool adds deaths, and the reporter's thread reads them, without a lock: each set is
first copied by one call into C, which the interpreter does not interrupt.
"""

from __future__ import annotations

from collections import OrderedDict
from heapq import nlargest, nsmallest
from itertools import takewhile
from typing import Any, Callable, NamedTuple

from celery_probe.agent.contract import DEATH_WINDOW_SECONDS, DEATHS_LENGTH

# Deaths within the same ten seconds are counted together, which bounds the times that are kept. These are the
# same for all windows, so that the parts never count more than the whole.
BUCKET_SECONDS = 10.0
# A failed release leaves this many messages of a broken task, which die in turn.
KEPT_IDS = 10_000
KEPT_NAMES = 100


class Casualty(NamedTuple):
    """The task that a child ran when it died. ``returns``: its message goes back to the queue.

    ``failed``: it would, if the task had not raised SystemExit, which is a failure for this Celery.
    """

    id: str
    name: str
    queue: str
    ran_for: float | None
    returns: bool
    failed: bool = False


class Cause(NamedTuple):
    """How a child died. ``oom``: the kernel killed it because memory was short."""

    text: str
    oom: bool = False


class Window:
    """Counts events within the last ``DEATH_WINDOW_SECONDS``, those of the oldest ten seconds as one."""

    __slots__ = ("_buckets", "_size")

    def __init__(self) -> None:
        self._buckets: list[list[Any]] = []
        self._size = 0

    def add(self, now: float) -> None:
        """Count one more event."""
        buckets = self._buckets
        if buckets and _begin(buckets[-1][0]) == _begin(now):
            buckets[-1][1] += 1
        else:
            buckets.append([now, 1])
        self._size += 1
        while now - _begin(buckets[0][0]) > DEATH_WINDOW_SECONDS:
            self._size -= buckets.pop(0)[1]

    def count(self, now: float) -> int:
        """The number of events that count at the moment ``now``."""
        try:
            oldest = self._buckets[0][0]
        except IndexError:
            return 0
        if now - _begin(oldest) <= DEATH_WINDOW_SECONDS:
            return self._size
        return sum(count for _, count in self._current(now))

    def first(self, now: float) -> float | None:
        """When the first of them was."""
        return next((first for first, _ in self._current(now)), None)

    def _current(self, now: float) -> list[Any]:
        return [bucket for bucket in list(self._buckets) if now - _begin(bucket[0]) <= DEATH_WINDOW_SECONDS]


def _begin(mono: float) -> float:
    """When the ten seconds began in which this was."""
    return mono - mono % BUCKET_SECONDS


class _Record:
    """The deaths with one task id or one task name."""

    __slots__ = ("last", "window")

    def __init__(self) -> None:
        self.window = Window()
        self.last: tuple[float, Casualty, Cause] | None = None

    @property
    def last_mono(self) -> float:
        """When the last death was."""
        return self.last[0] if self.last else 0.0


class DeathLog:
    """All deaths of one worker process. Times are seconds of CLOCK_MONOTONIC."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, _Record] = OrderedDict()
        self._by_name: OrderedDict[str, _Record] = OrderedDict()
        self._lost = Window()
        self._idle = Window()
        self._tasks_lost = Window()
        self._idle_cause: tuple[float, Cause] | None = None
        self._lost_total = 0
        self._tasks_lost_total = 0
        self._records = False

    def start(self) -> None:
        """Deaths are added from now on: without this their totals are unknown."""
        self._records = True

    def add(self, task: Casualty | None, cause: Cause, now: float) -> None:
        """Record that a child died at the moment ``now``. ``task`` is None if it ran none."""
        self._lost_total += 1
        self._lost.add(now)
        if task is None:
            self._idle_cause = (now, cause)
            self._idle.add(now)
            return
        _note(self._by_id, task.id, KEPT_IDS, (now, task, cause))
        _note(self._by_name, task.name, KEPT_NAMES, (now, task, cause))
        if not task.returns:
            self._tasks_lost_total += 1
            self._tasks_lost.add(now)

    def report(self, now: float, runs: Callable[[str], int]) -> dict[str, Any]:
        """The part of a report about deaths. ``runs`` gives how often a task name has run."""
        return {
            "deaths": [_of_id(record, count, now) for record, count in _most(self._by_id, now)],
            "deaths_by_name": [
                {"name": name, "count": count, "runs": runs(name)}
                for name, count in ((_name(record), count) for record, count in _most(self._by_name, now))
            ],
            "children_lost": self._lost.count(now),
            "children_lost_idle": self._idle.count(now),
            **self._idle_report(now),
            "children_lost_total": self._lost_total if self._records else None,
            "tasks_lost": self._tasks_lost.count(now),
            "tasks_lost_total": self._tasks_lost_total if self._records else None,
        }

    def _idle_report(self, now: float) -> dict[str, Any]:
        last = self._idle_cause
        cause = last[1] if last and now - last[0] <= DEATH_WINDOW_SECONDS else Cause("")
        return {"children_lost_idle_cause": cause.text, "children_lost_idle_oom": cause.oom}


def _note(
    records: OrderedDict[str, _Record], key: str, most: int, death: tuple[float, Casualty, Cause]
) -> None:
    record = records.get(key) or _Record()
    record.last = death
    record.window.add(death[0])
    records[key] = record
    records.move_to_end(key)
    # The oldest are first now.
    while death[0] - next(iter(records.values())).last_mono > DEATH_WINDOW_SECONDS:
        records.popitem(last=False)
    if len(records) > most:
        for one in _least(records, key, death[0], most // 20):
            del records[one]


def _least(records: OrderedDict[str, _Record], new: str, now: float, number: int) -> list[str]:
    """Those with the fewest deaths, of these the ones whose last death is oldest; never the new one."""
    others = (key for key in records if key != new)
    return nsmallest(number, others, key=lambda key: (records[key].window.count(now), records[key].last_mono))


def _most(records: OrderedDict[str, _Record], now: float) -> list[tuple[_Record, int]]:
    """Those with the most deaths first, of those with the same number the latest."""
    latest_first = reversed(list(records.values()))
    living = takewhile(lambda record: now - record.last_mono <= DEATH_WINDOW_SECONDS, latest_first)
    counted = ((record, record.window.count(now)) for record in living)
    dead = (entry for entry in counted if entry[1])
    return nlargest(DEATHS_LENGTH, dead, key=lambda entry: (entry[1], entry[0].last_mono))


def _name(record: _Record) -> str:
    return record.last[1].name if record.last else ""


def _of_id(record: _Record, count: int, now: float) -> dict[str, Any]:
    assert record.last is not None
    mono, task, cause = record.last
    return {
        "id": task.id,
        "name": task.name,
        "queue": task.queue,
        "count": count,
        "first_mono": record.window.first(now) or mono,
        "last_mono": mono,
        "cause": cause.text,
        "oom": cause.oom,
        "ran_for": task.ran_for,
        "returns": task.returns,
        "failed": task.failed,
    }
