"""The newest tasks of a filter, kept up to date from tasks that were stored. Pure."""

import math
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import NamedTuple


class Row(NamedTuple):
    """One task of the list: when it was sent or first seen, its key and its document."""

    at: float
    key: bytes
    document: bytes


class Change(NamedTuple):
    """A task that was stored. ``belongs``: whether it meets the filter; ``document`` encodes it."""

    at: float
    key: bytes
    belongs: Callable[[], bool]
    document: Callable[[], bytes]


class Window:
    """The newest ``limit`` tasks, and a reserve of older ones that come in when a task leaves the list.

    ``complete``: the rows are all tasks of the filter. Otherwise there may be others that are older than the
    oldest row.
    """

    def __init__(self, limit: int, reserve: int, rows: Iterable[Row], *, complete: bool) -> None:
        self._limit = limit
        self._most = limit + reserve
        self._rows = {row.key: row for row in rows}
        oldest = min((row.at for row in self._rows.values()), default=math.inf)
        self._floor = -math.inf if complete else oldest

    @property
    def is_short(self) -> bool:
        """Whether the list needs older tasks, which only the history knows."""
        return len(self._rows) < self._limit and self._floor != -math.inf

    def apply(self, changes: Iterable[Change]) -> bool:
        """Take in stored tasks. Whether anything changed."""
        changed = False
        for change in changes:
            known = change.key in self._rows
            if not known and change.at < self._floor:
                continue
            if change.at >= self._floor and change.belongs():
                self._rows[change.key] = Row(change.at, change.key, change.document())
                changed = True
            elif known:
                del self._rows[change.key]
                changed = True
        if len(self._rows) > self._most:
            newest = self._sorted()[: self._most]
            self._rows = {row.key: row for row in newest}
            self._floor = newest[-1].at
        return changed

    def documents(self) -> dict[bytes, bytes]:
        """The documents of the list, newest first."""
        return {row.key: row.document for row in self._sorted()[: self._limit]}

    def _sorted(self) -> list[Row]:
        return sorted(self._rows.values(), key=itemgetter(0, 1), reverse=True)
