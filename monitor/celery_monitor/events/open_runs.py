"""Finds runs that a worker has ended without an event of the end.

Each heartbeat carries the number of tasks that are active at that moment. Of the runs that have started and
not ended by their events, those that are active then end later. When as many of them have ended as were
active, the others had ended before the heartbeat, and their events are missing.
"""

from collections.abc import Iterator
from typing import NamedTuple

MAX_OPEN_RUNS = 10_000
# A worker takes a task off its active ones a little before it sends the event of the end.
_MARGIN_SECONDS = 0.25
# Where a question stays open for so long, a new one may be answered sooner.
_ASK_AGAIN_SECONDS = 60.0


class MissingEnd(NamedTuple):
    """The run of this task had ended at this time of the worker's clock, and no event says so."""

    task_id: str
    at: float


class _Question:
    """Which of ``runs`` were active at a heartbeat? ``ended``: how many of them have ended since."""

    __slots__ = ("active", "at", "ended", "runs")

    def __init__(self, at: float, active: int, runs: dict[str, float]) -> None:
        self.at = at
        self.active = active
        self.runs = runs
        self.ended = 0


class OpenRuns:
    """The runs of one worker process that have started and not ended, by its events. Times are the worker's.

    Bounded: above ``MAX_OPEN_RUNS`` the run that has lasted longest is forgotten.
    """

    __slots__ = ("_last", "_question", "_runs")

    def __init__(self) -> None:
        self._runs: dict[str, float] = {}
        self._last: tuple[float, int] | None = None
        self._question: _Question | None = None

    def started(self, task_id: str, timestamp: float) -> None:
        """A run of the task has started."""
        self._runs[task_id] = timestamp
        if len(self._runs) > MAX_OPEN_RUNS:
            del self._runs[next(iter(self._runs))]

    def ended(self, task_id: str, timestamp: float) -> None:
        """The run of the task has ended."""
        if self._runs.pop(task_id, None) is None or (asked := self._question) is None:
            return
        if asked.runs.pop(task_id, None) is None or timestamp <= asked.at:
            return
        if timestamp > asked.at + _MARGIN_SECONDS:
            asked.ended += 1
        elif asked.active:
            self._question = None  # it may have been active, or not

    def heartbeat(self, active: int, timestamp: float) -> list[MissingEnd]:
        """The ends that are missing, each once.

        A heartbeat may overtake the events of the time before, so an answer waits for the next one.
        """
        found: list[MissingEnd] = []
        asked = self._question
        if asked is not None and timestamp > asked.at:
            if asked.ended >= asked.active:
                found = list(self._forget(asked.runs, asked.at))
                self._question = None
            elif active == 0 or timestamp - asked.at > _ASK_AGAIN_SECONDS:
                # The ends of the active runs may be missing too. Of an idle worker every run has ended.
                self._question = None
        self._last = (timestamp, active)
        if self._question is None and len(self._runs) > active:
            runs = self._before(timestamp)
            if len(runs) > active:
                self._question = _Question(timestamp, active, runs)
        return found

    def at_the_end(self) -> list[MissingEnd]:
        """The same after the last heartbeat of the process. All other runs were lost with the worker."""
        if self._last is not None and self._last[1] == 0:
            return list(self._forget(self._before(self._last[0]), self._last[0]))
        asked = self._question
        if asked is not None and asked.ended >= asked.active:
            return list(self._forget(asked.runs, asked.at))
        return []

    def _before(self, timestamp: float) -> dict[str, float]:
        latest = timestamp - _MARGIN_SECONDS
        return {task_id: started for task_id, started in self._runs.items() if started <= latest}

    def _forget(self, runs: dict[str, float], at: float) -> Iterator[MissingEnd]:
        """The ends of these runs, without those of tasks that run again meanwhile."""
        for task_id, started in runs.items():
            if self._runs.get(task_id) == started:
                del self._runs[task_id]
                yield MissingEnd(task_id, at)
