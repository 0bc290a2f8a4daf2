"""The deaths of pool children that the workers of an application know of, and the tasks to quarantine.

Each worker keeps the deaths of all workers, and announces all that it keeps. An announcement adds nothing
that is known already, so that it may be lost, repeated or late.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Mapping, NamedTuple

from celery_probe.agent import contract
from celery_probe.agent.contract import DEATH_WINDOW_SECONDS

THRESHOLD = 3
KEPT_IDS = 100
# Of a task that is listed, the oldest death is older than the window when the latest is about to leave it.
OLDEST_SECONDS = 2 * DEATH_WINDOW_SECONDS


class Listed(NamedTuple):
    """A task that is in quarantine from now on."""

    id: str
    name: str
    deaths: int


class _Record:
    """The latest deaths of one task id, at most ``THRESHOLD``: a mark for each, and when it was."""

    def __init__(self) -> None:
        self.name = ""
        self.deaths: dict[str, float] = {}
        self.listed = False

    @property
    def last(self) -> float:
        """When the latest death was."""
        return max(self.deaths.values())

    def add(self, mark: str, mono: float) -> None:
        """Take in a death. One that is known changes nothing."""
        self.deaths.setdefault(mark, mono)
        latest = sorted(self.deaths.items(), key=lambda death: -death[1])[:THRESHOLD]
        self.deaths = {mark: mono for mark, mono in latest if self.last - mono <= DEATH_WINDOW_SECONDS}
        self.listed = self.listed or len(self.deaths) >= THRESHOLD


class SharedDeaths:
    """Deaths by task id. Times are seconds of this worker's CLOCK_MONOTONIC."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._records)

    def add(self, task_id: str, name: str, mark: str, mono: float) -> Listed | None:
        """Add a death; ``mark`` is its own. Returns the task if this death brings it into quarantine."""
        task_id = contract.task_id(task_id)
        record = self._records.setdefault(task_id, _Record())
        was_listed = record.listed
        record.name = contract.name(name)
        record.add(contract.name(mark), mono)
        if len(self._records) > KEPT_IDS:
            del self._records[self._least(task_id)]
        return Listed(task_id, record.name, len(record.deaths)) if record.listed and not was_listed else None

    def count(self, task_id: str) -> int:
        """How many deaths of the task are known, at most ``THRESHOLD``."""
        record = self._records.get(contract.task_id(task_id))
        return len(record.deaths) if record else 0

    def listed(self, now: float) -> frozenset[str]:
        """The ids in quarantine: until ``DEATH_WINDOW_SECONDS`` after their last death."""
        for task_id, record in list(self._records.items()):
            if now - record.last > DEATH_WINDOW_SECONDS:
                del self._records[task_id]
        return frozenset(task_id for task_id, record in self._records.items() if record.listed)

    def announcement(self, now: float) -> dict[str, Any]:
        """All deaths, for ``merge`` of other workers: their clocks differ, so each has its age."""
        return {
            task_id: {
                "name": record.name,
                "deaths": {mark: now - mono for mark, mono in record.deaths.items()},
            }
            for task_id, record in self._records.items()
        }

    def merge(self, announcement: Mapping[str, Any], now: float) -> list[Listed]:
        """Add the deaths that another worker announces. Returns the tasks that this brings into quarantine.

        Raises:
            TypeError, ValueError, KeyError, AttributeError: it is no announcement.
        """
        if len(announcement) > KEPT_IDS:
            raise ValueError
        listed = []
        for task_id, entry in announcement.items():
            deaths = [(str(mark), float(age)) for mark, age in entry["deaths"].items()]
            for mark, age in deaths[:THRESHOLD]:
                if 0 <= age <= OLDEST_SECONDS:
                    listed.append(self.add(str(task_id), str(entry["name"]), mark, now - age))
        return [task for task in listed if task is not None]

    def _least(self, new: str) -> str:
        """The one to forget: not in quarantine if possible, of those the one whose last death is oldest."""
        others = (task_id for task_id in self._records if task_id != new)
        return min(others, key=lambda task_id: (self._records[task_id].listed, self._records[task_id].last))
