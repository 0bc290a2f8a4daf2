"""The deaths of pool children that the workers of an application know of, and the tasks to quarantine.

Each worker keeps the deaths of all workers, and announces all that it keeps, a part at a time. An
announcement adds nothing that is known already, so that it may be lost, repeated or late.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from heapq import nlargest, nsmallest
from itertools import islice
from math import inf
from typing import Any, Iterable, Mapping, NamedTuple
from zlib import crc32

from celery_probe.agent import contract
from celery_probe.agent.contract import DEATH_WINDOW_SECONDS

THRESHOLD = 3
# A failed release leaves this many messages of a broken task, and each has to reach its third death.
KEPT_IDS = 10_000
FORGOTTEN_AT_ONCE = 500
ANNOUNCED_IDS = 100
# Of a task that is listed, the oldest death is older than the window when the latest is about to leave it.
OLDEST_SECONDS = 2 * DEATH_WINDOW_SECONDS


class Listed(NamedTuple):
    """A task that is in quarantine from now on."""

    id: str
    name: str
    deaths: int


class _Record:
    """The latest deaths of one task id, at most ``THRESHOLD``: a mark for each, and when it was."""

    __slots__ = ("deaths", "last", "listed", "name")

    def __init__(self) -> None:
        self.name = ""
        self.deaths: dict[str, float] = {}
        self.last = 0.0
        self.listed = False

    def add(self, mark: str, mono: float) -> None:
        """Take in a death. One that is known changes nothing."""
        if mark in self.deaths:
            return
        self.deaths[mark] = mono
        latest = sorted(self.deaths.items(), key=lambda death: -death[1])[:THRESHOLD]
        self.last = latest[0][1]
        self.deaths = {mark: mono for mark, mono in latest if self.last - mono <= DEATH_WINDOW_SECONDS}
        self.listed = self.listed or len(self.deaths) >= THRESHOLD


class SharedDeaths:
    """Deaths by task id. Times are seconds of this worker's CLOCK_MONOTONIC."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._listed: set[str] = set()
        # No record leaves the window before this time.
        self._checked_until = inf

    def __bool__(self) -> bool:
        return bool(self._records)

    def add(self, task_id: str, name: str, mark: str, mono: float) -> Listed | None:
        """Add a death; ``mark`` is its own. Returns the task if this death brings it into quarantine."""
        task_id = contract.task_id(task_id)
        record = self._records.setdefault(task_id, _Record())
        was_listed = record.listed
        # Most ids share a name.
        record.name = sys.intern(contract.name(name))
        record.add(contract.name(mark), mono)
        self._checked_until = min(self._checked_until, record.last + DEATH_WINDOW_SECONDS)
        if record.listed:
            self._listed.add(task_id)
        if len(self._records) > KEPT_IDS:
            self._forget_some(task_id)
        return Listed(task_id, record.name, len(record.deaths)) if record.listed and not was_listed else None

    def count(self, task_id: str) -> int:
        """How many deaths of the task are known, at most ``THRESHOLD``."""
        record = self._records.get(contract.task_id(task_id))
        return len(record.deaths) if record else 0

    def listed(self, now: float) -> frozenset[str]:
        """The ids in quarantine: until ``DEATH_WINDOW_SECONDS`` after their last death."""
        if now > self._checked_until:
            self._forget(
                one for one, record in self._records.items() if now - record.last > DEATH_WINDOW_SECONDS
            )
            oldest = min((record.last for record in self._records.values()), default=inf)
            self._checked_until = oldest + DEATH_WINDOW_SECONDS
        return frozenset(self._listed)

    def quarantined(self, now: float) -> list[dict[str, Any]]:
        """The tasks that are in quarantine for longest, with the seconds until each leaves it."""
        listed = ((task_id, self._records[task_id]) for task_id in self.listed(now))
        latest = nlargest(contract.QUARANTINE_LENGTH, listed, key=lambda one: one[1].last)
        return [
            {"id": task_id, "name": record.name, "left": record.last + DEATH_WINDOW_SECONDS - now}
            for task_id, record in latest
        ]

    def next_ids(self, most: int) -> list[str]:
        """The ids to announce again next: at most ``most``, and all in turn."""
        found = list(islice(self._records, most))
        for task_id in found:
            self._records.move_to_end(task_id)
        return found

    def announcements(self, ids: Iterable[str], now: float) -> list[dict[str, Any]]:
        """The deaths of these ids, for ``merge`` of other workers.

        Their clocks differ, so each death has its age.
        """
        known = [task_id for task_id in ids if task_id in self._records]
        parts = [known[start : start + ANNOUNCED_IDS] for start in range(0, len(known), ANNOUNCED_IDS)]
        return [{task_id: self._entry(task_id, now) for task_id in part} for part in parts]

    def _entry(self, task_id: str, now: float) -> dict[str, Any]:
        record = self._records[task_id]
        return {"name": record.name, "deaths": {mark: now - mono for mark, mono in record.deaths.items()}}

    def merge(self, announcement: Mapping[str, Any], now: float) -> list[Listed]:
        """Add the deaths that another worker announces. Returns the tasks that this brings into quarantine.

        Raises:
            TypeError, ValueError, KeyError, AttributeError: it is no announcement.
        """
        if len(announcement) > ANNOUNCED_IDS:
            raise ValueError
        # All of it is read before any is added: the tasks that an entry brings into quarantine are returned.
        found = [
            (str(task_id), str(entry["name"]), str(mark), float(age))
            for task_id, entry in announcement.items()
            for mark, age in list(entry["deaths"].items())[:THRESHOLD]
        ]
        added = [
            self.add(task_id, name, mark, now - age)
            for task_id, name, mark, age in found
            if 0 <= age <= OLDEST_SECONDS
        ]
        return [task for task in added if task is not None]

    def _forget_some(self, new: str) -> None:
        """Make room, by as few passes as possible.

        The messages of the tasks that were listed first are in the dead-letter queue by now. If few tasks are
        listed, those with the fewest deaths go, and of these the same ones in each worker, whatever their
        age: the oldest would be those that die next, if more ids than are kept die in turn.
        """
        listed = self._listed - {new}
        if len(listed) > KEPT_IDS // 2:
            self._forget(nsmallest(FORGOTTEN_AT_ONCE, listed, key=lambda one: self._records[one].last))
        else:
            others = (one for one in self._records if one != new and one not in listed)
            self._forget(nsmallest(FORGOTTEN_AT_ONCE, others, key=self._worth))

    def _worth(self, task_id: str) -> tuple[int, int]:
        return len(self._records[task_id].deaths), crc32(task_id.encode())

    def _forget(self, ids: Iterable[str]) -> None:
        for task_id in list(ids):
            del self._records[task_id]
            self._listed.discard(task_id)
