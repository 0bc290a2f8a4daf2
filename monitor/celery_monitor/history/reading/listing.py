"""A page of the list of tasks, in constant time however deep it is.

A filter that few tasks meet is answered from the index of its rarest term. Any other list is read along the
index of its order, from the cursor on, until the page is full.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.filters import TaskFilter
from celery_monitor.history.reading.condition import NARROW, Condition
from celery_monitor.history.reading.conditions import Conditions
from celery_monitor.history.reading.cursor import Position
from celery_monitor.history.reading.slots import SLOT, SLOTTED, slot_of
from celery_monitor.history.rows.labels import FIELD_KINDS, LabelKind
from celery_monitor.history.views import Count, Sort, SortKey

_LABEL_KINDS = {key: FIELD_KINDS[key] for key in SortKey if key in FIELD_KINDS}


class Entry(NamedTuple):
    """A task in a list: its group, its value and its row's id, and its label in an order by label."""

    group: int
    value: float
    id: int
    label: str = ""


class _Segment(NamedTuple):
    """A part of the list: tasks of one group, in the order of one column."""

    group: int
    condition: Condition | None
    column: str
    label: str = ""


class Listing:
    """The tasks that meet the conditions, in one order."""

    def __init__(self, database: Database, session: Session, conditions: Sequence[Condition], sort: Sort):
        self._database = database
        self._session = session
        self._conditions = conditions
        self._sort = sort
        self._table = f"{database.prefix}job_executions"
        known = [condition for condition in conditions if condition.estimate is not None]
        self._rarest = min(known, key=lambda condition: condition.estimate or 0, default=None)

    async def page(self, after: Position | None, limit: int) -> list[Entry]:
        """The next entries after a position, at most ``limit``."""
        if self._rarest is not None and self._rarest.estimate == 0:
            return []
        if self._sort.key in _LABEL_KINDS and self._narrow:
            return await self._sorted(after, limit)
        if self._sort.key is SortKey.TIME and (parts := self._parts()):
            entries = [entry for part in parts for entry in await part.page(after, limit)]
            return sorted(entries, reverse=self._sort.descending)[:limit]
        found: list[Entry] = []
        async for segment in self._segments(after):
            same = after is not None and (segment.group, segment.label) == (after.group, after.label)
            start = after if same else None
            found += await self._segment(segment, start, limit - len(found))
            if len(found) >= limit:
                break
        return found

    async def count(self, most: int) -> Count:
        """The number of tasks, counted up to ``most``."""
        if self._rarest is not None and self._rarest.estimate == 0:
            return Count(0, exact=True)
        if len(self._conditions) == 1:
            [only] = self._conditions
            if only.estimate is not None and only.exact:
                return Count(only.estimate, exact=True)
        if not self._conditions:
            rows = await self._session.rows(
                f"SELECT coalesce(sum(tasks), 0) FROM {self._database.prefix}labels WHERE kind = ?",
                [int(LabelKind.STATE)],
            )
            return Count(int(rows[0][0]), exact=True)
        if parts := self._parts():
            counts = [await part.count(most) for part in parts]
            number = sum(count.number for count in counts)
            return Count(min(most, number), exact=number <= most and all(count.exact for count in counts))
        source, where, parameters = self._source(_Segment(1, None, "at"), self._conditions)
        rows = await self._session.rows(
            f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {where} LIMIT {most + 1}) AS counted",
            parameters,
        )
        return Count(min(most, rows[0][0]), exact=rows[0][0] <= most)

    def _parts(self) -> list["Listing"]:
        """Lists that have the tasks of this one between them, if they are found faster alone."""
        divided = next((condition for condition in self._conditions if condition.either), None)
        if divided is None or self._narrow:
            return []
        others = [condition for condition in self._conditions if condition is not divided]
        return [Listing(self._database, self._session, [one, *others], self._sort) for one in divided.either]

    @property
    def _narrow(self) -> bool:
        return self._rarest is not None and (self._rarest.estimate or 0) <= NARROW

    async def _segments(self, after: Position | None) -> AsyncIterator[_Segment]:
        key = self._sort.key
        if key is SortKey.TIME:
            yield _Segment(1, None, "at")
        elif key in _LABEL_KINDS:
            column = f"{key}_id"
            for number, label in await self._labels(_LABEL_KINDS[key]):
                if after is None or not self._precedes(1, label, after):
                    condition = Condition(f"{column} = ?", [number], column=column, single=True)
                    yield _Segment(1, condition, "at", label)
            yield _Segment(0, Condition(f"{column} IS NULL", column=column, single=True), "at")
        else:
            if after is None or after.group == 1:
                yield _Segment(1, Condition(f"{key} IS NOT NULL", column=key.value), key.value)
            yield _Segment(0, Condition(f"{key} IS NULL"), "at")

    async def _labels(self, kind: LabelKind) -> list[tuple[int, str]]:
        direction = "DESC" if self._sort.descending else "ASC"
        rows = await self._session.rows(
            f"SELECT id, text FROM {self._database.prefix}labels WHERE kind = ? AND tasks > 0 "
            f"ORDER BY text {direction} LIMIT 20000",
            [int(kind)],
        )
        return [(row[0], row[1]) for row in rows]

    def _precedes(self, group: int, label: str, after: Position) -> bool:
        """Whether a group comes before that of the position. Labels are in the order of their bytes."""
        if group != after.group:
            return group > after.group
        return label > after.label if self._sort.descending else label < after.label

    async def _segment(self, segment: _Segment, after: Position | None, limit: int) -> list[Entry]:
        descending = self._descending(segment)
        direction, comparison = ("DESC", "<") if descending else ("ASC", ">")
        conditions = list(self._conditions)
        if segment.condition is not None:
            conditions.append(segment.condition)
        if after is not None:
            conditions.append(
                Condition(f"({segment.column}, id) {comparison} (?, ?)", [after.value, after.id])
            )
        order = f"{segment.column} {direction}, id {direction}"
        label = self._slotted_label(segment)
        if label is not None:
            # The label is the same in all rows. Where it is NULL, no index gives the order without it.
            order = f"{label} {direction}, {SLOT} {direction}, {order}"
            if after is not None:
                conditions.append(Condition(f"{SLOT} {comparison}= ?", [slot_of(after.value)]))
        source, where, parameters = self._source(segment, conditions)
        rows = await self._session.rows(
            f"SELECT {segment.column}, id FROM {source} WHERE {where} ORDER BY {order} LIMIT {limit}",
            parameters,
        )
        return [Entry(segment.group, row[0], row[1], segment.label) for row in rows]

    def _slotted_label(self, segment: _Segment) -> str | None:
        """The label whose index gives the order, if that index has slots of time instead of times."""
        driver = self._driver(segment)
        if self._database.is_sqlite or self._narrow or segment.column != "at" or driver is None:
            return None
        return driver.column if driver.single and driver.column in SLOTTED else None

    def _descending(self, segment: _Segment) -> bool:
        """Inside a label, and among tasks without a value, the newest come first."""
        if self._sort.key in _LABEL_KINDS or segment.group == 0:
            return True
        return self._sort.descending

    def _source(self, segment: _Segment, conditions: Sequence[Condition]) -> tuple[str, str, list[Any]]:
        """What to read from, the condition, its parameters."""
        driver = self._driver(segment)
        sql = [condition.sql for condition in conditions] or ["1 = 1"]
        parameters = [value for condition in conditions for value in condition.parameters]
        where = " AND ".join(sql)
        source = self._table
        if self._database.is_sqlite:
            index = driver.column if driver is not None else segment.column
            if index:
                source += f" INDEXED BY job_executions_{index}"
        elif driver is not None and self._narrow:
            # PostgreSQL would rather walk the index of the order and hope to meet enough tasks early.
            inner = f"(SELECT * FROM {self._table} WHERE {driver.sql} OFFSET 0) AS few"
            return inner, where, [*driver.parameters, *parameters]
        return source, where, parameters

    def _driver(self, segment: _Segment) -> Condition | None:
        """The condition whose index finds the tasks; None for the index of the order."""
        if self._narrow:
            return self._rarest
        if segment.condition is not None and segment.condition.column:
            return segment.condition
        if segment.column == "at":
            single = [condition for condition in self._conditions if condition.single]
            # Few tasks have an error, and the index of errors also knows their states.
            return min(
                single, key=lambda known: (known.column != "error_id", known.estimate or 0), default=None
            )
        return None

    async def _sorted(self, after: Position | None, limit: int) -> list[Entry]:
        """The page of a list by label that few tasks are in: all of them are read and sorted here."""
        source, where, parameters = self._source(_Segment(1, None, "at"), self._conditions)
        rows = await self._session.rows(
            f"SELECT coalesce({self._sort.key}_id, 0), at, id FROM {source} WHERE {where}",
            parameters,
        )

        found = await self._session.rows_of(
            f"SELECT id, text FROM {self._database.prefix}labels WHERE id IN ids",
            sorted({row[0] for row in rows if row[0]}),
        )
        labels = {row[0]: row[1] for row in found}
        entries = [Entry(int(row[0] > 0), row[1], row[2], labels.get(row[0], "")) for row in rows]
        entries.sort(key=lambda entry: (-entry.value, -entry.id))
        entries.sort(key=lambda entry: entry.label, reverse=self._sort.descending)
        entries.sort(key=lambda entry: -entry.group)
        if after is not None:
            entries = [entry for entry in entries if self._is_behind(entry, after)]
        return entries[:limit]

    def _is_behind(self, entry: Entry, after: Position) -> bool:
        if (entry.group, entry.label) == (after.group, after.label):
            return (entry.value, entry.id) < (after.value, after.id)
        return not self._precedes(entry.group, entry.label, after)


async def conditions_of(
    database: Database, session: Session, task_filter: TaskFilter, now: float
) -> list[Condition]:
    """The conditions of a filter, at a time."""
    return await Conditions(database, session, now).of(task_filter)
