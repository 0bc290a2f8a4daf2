"""Numbers of a window from the rollups: the overview, the names, series for charts."""

import math
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from celery_monitor.history.database.session import Session
from celery_monitor.history.rollups.contributions import COUNTS, Sums
from celery_monitor.history.rollups.histogram import percentiles
from celery_monitor.history.rollups.levels import (
    ALL,
    BY_EACH,
    BY_NAME,
    BY_QUEUE,
    BY_WORKER,
    HOUR,
    MINUTE,
    merge,
)
from celery_monitor.history.rollups.store import VALUE_COLUMNS, sums_of
from celery_monitor.history.rows.labels import LabelKind
from celery_monitor.history.turns import in_turns
from celery_monitor.history.views import NameView, Outcomes, OverviewView, SeriesPoint, Window

_TREND_POINTS = 20
_MOST_LABELS = 2_000
_MOST_ROWS = 50_000
"""Of one query, so that many names in a long window do not fill the memory."""
_MOST_STEPS = 10_080
"""The rows of one name that are kept: the minutes of 7 days, or the hours of 400 days."""
_VIEWS_IN_TURN = 100
"""Percentiles of this many take a few milliseconds."""
_EACH_SECONDS = HOUR
"""Rows that have every name, queue and worker apart are read in pieces of this length: with 1,000 workers, a
minute may have thousands.
"""
_MOST_PIECES = 48
_HOURS_FROM = 4 * HOUR
"""Windows of this length are read from the hours, with the minutes at both ends."""


class _Part(NamedTuple):
    """Rows of one length with a time in [since, until)."""

    seconds: int
    since: int
    until: int


class _Selection(NamedTuple):
    """What rows to read: the level, and the labels that it is limited to. An empty list: to none."""

    level: int = ALL
    name_ids: Sequence[int] = (0,)
    queue_ids: Sequence[int] = (0,)
    worker_ids: Sequence[int] = (0,)


def parts_of(window: Window, step: int) -> list[_Part]:
    """The window, widened to whole minutes, as hours where ``step`` allows and minutes elsewhere."""
    since, until = math.floor(window.since / MINUTE) * MINUTE, math.ceil(window.until / MINUTE) * MINUTE
    first, last = math.ceil(since / HOUR) * HOUR, math.floor(until / HOUR) * HOUR
    if step < HOUR or last <= first:
        return [_Part(MINUTE, since, until)]
    parts = [_Part(MINUTE, since, first), _Part(HOUR, first, last), _Part(MINUTE, last, until)]
    return [part for part in parts if part.since < part.until]


def outcomes_of(sums: Sums) -> Outcomes:
    """The counts with their names."""
    return Outcomes(**dict(zip(COUNTS, sums.counts, strict=True)))


def previous_of(window: Window) -> Window:
    """The window of the same length before."""
    return Window(window.since - (window.until - window.since), window.since)


class _NameSums:
    """What the rows of one name in a window add up to."""

    def __init__(self, window: Window):
        self._window = window
        self._length = max(1.0, window.until - window.since)
        hours = int(self._length // HOUR)
        self._trend = [0] * (_TREND_POINTS if self._length < _HOURS_FROM else min(_TREND_POINTS, hours))
        self._total = Sums()

    def add(self, at: int, sums: Sums) -> None:
        """Add a row."""
        last = len(self._trend) - 1
        place = int((at - self._window.since) / self._length * len(self._trend))
        self._trend[min(last, max(0, place))] += outcomes_of(sums).finished
        merge(self._total, sums)

    def view(self, name: str, before: Sums) -> NameView:
        """The name with these sums, and with those of the window before."""
        outcomes = outcomes_of(self._total)
        return NameView(
            name=name,
            outcomes=outcomes,
            previous=outcomes_of(before),
            rate=outcomes.finished / self._length,
            runtime=percentiles(self._total.runtime),
            wait=percentiles(self._total.wait),
            trend=self._trend,
        )


class Rollups:
    """Reads rollups on one connection."""

    def __init__(self, prefix: str, session: Session):
        self._prefix = prefix
        self._session = session

    async def overview(self, window: Window) -> OverviewView:
        """The window in numbers."""
        sums = await _total(self._rows(window, _Selection()))
        before = await _total(self._rows(previous_of(window), _Selection(), histograms=False))
        rows = await self._session.rows(
            f"SELECT text, tasks FROM {self._prefix}labels WHERE kind = ? AND tasks > 0",
            [int(LabelKind.STATE)],
        )
        outcomes = outcomes_of(sums)
        return OverviewView(
            window=window,
            outcomes=outcomes,
            previous=outcomes_of(before),
            rate=outcomes.finished / max(1.0, window.until - window.since),
            runtime=percentiles(sums.runtime),
            wait=percentiles(sums.wait),
            states={row[0]: row[1] for row in rows},
            tasks=sum(row[1] for row in rows),
        )

    async def names(self, window: Window) -> list[NameView]:
        """The names that have runs or arrivals in the window, most finished runs first."""
        labels = await self._session.rows(
            f"SELECT id, text FROM {self._prefix}labels WHERE kind = ? "
            f"ORDER BY tasks DESC LIMIT {_MOST_LABELS}",
            [int(LabelKind.NAME)],
        )
        selection = _Selection(BY_NAME, name_ids=[row[0] for row in labels])
        before: dict[int, Sums] = {}
        async for (name_id, _), sums in self._rows(previous_of(window), selection, histograms=False):
            merge(before.setdefault(name_id, Sums()), sums)
        found: dict[int, _NameSums] = {}
        async for (name_id, at), sums in self._rows(window, selection):
            found.setdefault(name_id, _NameSums(window)).add(at, sums)
        texts = {row[0]: row[1] for row in labels}
        views = [
            sums.view(texts[name_id], before.get(name_id, Sums()))
            async for names in in_turns(list(found.items()), _VIEWS_IN_TURN)
            for name_id, sums in names
        ]
        return sorted(views, key=lambda view: (-view.outcomes.finished, -view.outcomes.received, view.name))

    async def series(
        self, window: Window, name: str | None, queue: str | None, worker: str | None, points: int
    ) -> list[SeriesPoint]:
        """The window in steps of whole minutes or hours, about ``points`` of them."""
        selection = await self._selection(name, queue, worker)
        step = _step(window, points)
        pieces, unit = [window], HOUR if step >= HOUR else MINUTE
        if selection is not None and selection.level == BY_EACH:
            pieces, unit = _pieces(window), MINUTE
        start = math.floor(window.since / step) * step
        steps: dict[int, Sums] = {at: Sums() for at in range(start, math.ceil(window.until), step)}
        if selection is not None:
            for piece in pieces:
                async for (_, at), sums in self._rows(piece, selection, unit):
                    entry = steps.get((at - start) // step * step + start)
                    if entry is not None:
                        merge(entry, sums)
        return [
            SeriesPoint(
                at=float(at),
                seconds=float(step),
                outcomes=outcomes_of(sums),
                runtime=percentiles(sums.runtime),
                wait=percentiles(sums.wait),
            )
            async for views in in_turns(list(steps.items()), _VIEWS_IN_TURN)
            for at, sums in views
        ]

    async def _selection(self, name: str | None, queue: str | None, worker: str | None) -> _Selection | None:
        """The rows of these labels; None if the history has no such label."""
        wanted = [(LabelKind.NAME, name), (LabelKind.QUEUE, queue), (LabelKind.WORKER, worker)]
        ids: dict[LabelKind, int] = {}
        for kind, text in wanted:
            if text is not None:
                rows = await self._session.rows(
                    f"SELECT id FROM {self._prefix}labels WHERE kind = ? AND text = ?", [int(kind), text]
                )
                if not rows:
                    return None
                ids[kind] = rows[0][0]
        if not ids:
            return _Selection()
        if len(ids) > 1:
            return _Selection(BY_EACH, *([ids[kind]] if kind in ids else [] for kind, _ in wanted))
        level = {LabelKind.NAME: BY_NAME, LabelKind.QUEUE: BY_QUEUE, LabelKind.WORKER: BY_WORKER}[
            next(iter(ids))
        ]
        return _Selection(level, *([ids.get(kind, 0)] for kind, _ in wanted))

    async def _rows(
        self, window: Window, selection: _Selection, step: int | None = None, *, histograms: bool = True
    ) -> AsyncIterator[tuple[tuple[int, int], Sums]]:
        """Sums with the name's number and the time of each row, in turns."""
        if step is None:
            step = HOUR if window.until - window.since >= _HOURS_FROM else MINUTE
        columns = VALUE_COLUMNS if histograms else COUNTS
        for part in parts_of(window, step):
            for names in _names_at_once(selection.name_ids, part):
                conditions, parameters = self._where(selection._replace(name_ids=names))
                rows = await self._session.rows(
                    f"SELECT name_id, at, {', '.join(columns)} FROM {self._prefix}task_rollups "
                    f"WHERE {conditions} AND seconds = ? AND at >= ? AND at < ?",
                    [*parameters, part.seconds, part.since, part.until],
                )
                async for some in in_turns(rows):
                    for row in some:
                        yield (row[0], row[1]), sums_of(row[2:])

    def _where(self, selection: _Selection) -> tuple[str, list[int]]:
        conditions, parameters = ["level = ?"], [selection.level]
        for column, kind, ids in (
            ("name_id", LabelKind.NAME, selection.name_ids),
            ("queue_id", LabelKind.QUEUE, selection.queue_ids),
            ("worker_id", LabelKind.WORKER, selection.worker_ids),
        ):
            # Each column is limited, so that the index leads to the rows of the window.
            known_ids = f"SELECT id FROM {self._prefix}labels WHERE kind = ? UNION ALL SELECT 0"
            conditions.append(f"{column} IN ({','.join('?' * len(ids)) if ids else known_ids})")
            parameters += ids or [int(kind)]
        return " AND ".join(conditions), parameters


def _names_at_once(names: Sequence[int], part: _Part) -> list[Sequence[int]]:
    """The names in parts that have at most about _MOST_ROWS rows each. An empty list stays as it is."""
    steps = min(_MOST_STEPS, max(1, (part.until - part.since) // part.seconds))
    count = max(1, _MOST_ROWS // steps)
    return [names[start : start + count] for start in range(0, len(names), count)] or [names]


def _pieces(window: Window) -> list[Window]:
    """The window, widened to whole minutes, in pieces."""
    since, until = math.floor(window.since / MINUTE) * MINUTE, math.ceil(window.until / MINUTE) * MINUTE
    length = max(_EACH_SECONDS, math.ceil((until - since) / _MOST_PIECES / MINUTE) * MINUTE)
    return [Window(start, min(until, start + length)) for start in range(since, until, length)]


def _step(window: Window, points: int) -> int:
    length = max(MINUTE, (window.until - window.since) / max(1, min(1_000, points)))
    unit = HOUR if length > 0.75 * HOUR else MINUTE
    return max(1, round(length / unit)) * unit


async def _total(rows: AsyncIterator[tuple[tuple[int, int], Sums]]) -> Sums:
    total = Sums()
    async for _, sums in rows:
        merge(total, sums)
    return total
