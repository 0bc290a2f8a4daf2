"""The terms of a filter as SQL conditions, with an estimate of how many tasks meet each one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.filters import TaskFilter, Term
from celery_monitor.history.reading import texts
from celery_monitor.history.reading.condition import NARROW, NOTHING, Condition
from celery_monitor.history.rows.labels import FIELD_KINDS, LabelKind

_MOST_LABELS = 5_000
_FEW_LABELS = 100


class Conditions:
    """Makes conditions; reads the labels that patterns stand for, and counts where an index can."""

    def __init__(self, database: Database, session: Session, now: float):
        self._database = database
        self._session = session
        self._now = now
        self._table = f"{database.prefix}job_executions"

    async def of(self, task_filter: TaskFilter) -> list[Condition]:
        """All conditions of a filter."""
        found = []
        for field in FIELD_KINDS:
            found += await self._labels(field, task_filter.of(field))
        for field, make in (("id", _identity), ("root", _root), ("parent", _parent)):
            found += await self._alternatives(task_filter.of(field), make)
        for term in task_filter.terms:
            if term.field in ("runtime", "wait", "retries"):
                found.append(await self._number(term))
            elif term.field in ("arg", "result"):
                found.append(await texts.condition(self._database, self._session, term))
            elif term.field == "text":
                found += await self._text(term)
            elif term.field == "twice":
                wanted = (term.value == "yes") != term.negated
                found.append(
                    await self._counted(Condition("run_twice IS NOT NULL", column="run_twice"))
                    if wanted
                    else Condition("run_twice IS NULL")
                )
            elif term.field == "ended":
                found.append(self._ended(term))
        found += await self._moments(task_filter)
        return found

    async def _labels(self, field: str, terms: Sequence[Term]) -> list[Condition]:
        kind, column = FIELD_KINDS[field], f"{field}_id"
        found = []
        wanted = [term for term in terms if not term.negated]
        if wanted:
            labels = [label for term in wanted for label in await self._matching(kind, str(term.value))]
            found.append(self._with(column, dict(labels)))
        for term in terms:
            if term.negated:
                excluded = await self._matching(kind, str(term.value))
                if excluded:
                    found.append(await self._without(kind, column, dict(excluded)))
        return found

    async def _text(self, term: Term) -> list[Condition]:
        """Text in the name of the task, in its arguments, its error or its result."""
        contains = f"%{texts.like(str(term.value), wildcard=False)}%"
        names = dict(await self._labels_like(LabelKind.NAME, contains))
        found = await texts.condition(self._database, self._session, term)
        if not names:
            return [found]
        if term.negated:
            return [await self._without(LabelKind.NAME, "name_id", names), found]
        named = self._with("name_id", names)
        return [named if found.estimate == 0 else _either(named, found)]

    def _with(self, column: str, labels: Mapping[int, int]) -> Condition:
        """Tasks that have one of these labels. ``labels``: their numbers, with the number of their tasks."""
        if not labels:
            return NOTHING
        sql, parameters = self._in(column, sorted(labels))
        return Condition(sql, parameters, sum(labels.values()), column, single=len(labels) == 1)

    def _in(self, expression: str, ids: Sequence[int]) -> tuple[str, list[Any]]:
        """Whether the expression has one of these values. A statement takes some ten thousand parameters."""
        if len(ids) <= _FEW_LABELS:
            return f"{expression} IN ({_marks(ids)})", list(ids)
        if self._database.is_sqlite:
            return f"{expression} IN (SELECT value FROM json_each(?))", [msgspec.json.encode(ids).decode()]
        return f"{expression} = ANY(?)", [list(ids)]

    async def _without(self, kind: LabelKind, column: str, excluded: Mapping[int, int]) -> Condition:
        """Tasks with another label or none. If they are few, the other labels are named, for the index."""
        labels = await self._session.rows(
            f"SELECT kind, id, tasks FROM {self._database.prefix}labels WHERE kind IN (?, ?) AND tasks > 0",
            [int(kind), int(LabelKind.STATE)],
        )
        # Every task has a state.
        every = sum(row[2] for row in labels if row[0] == LabelKind.STATE)
        count = every - sum(excluded.values())
        others = [row[1] for row in labels if row[0] == kind and row[1] not in excluded]
        labeled = sum(row[2] for row in labels if row[0] == kind)
        if count > NARROW or len(others) > _MOST_LABELS:
            sql, parameters = self._in(f"coalesce({column}, 0)", sorted(excluded))
            return Condition(f"NOT {sql}", parameters)
        named, parameters = self._in(column, others) if others else ("1 = 0", [])
        if labeled == every:
            return Condition(named, parameters, count, column if others else "")
        return Condition(f"({named} OR {column} IS NULL)", parameters, count, "")

    async def _matching(self, kind: LabelKind, pattern: str) -> list[tuple[int, int]]:
        """The numbers of the labels that match, with the number of their tasks."""
        like = texts.like(pattern, wildcard=True)
        if kind is LabelKind.ERROR:
            # The type of the error, then the line that raised it.
            like += "\n%"
        return await self._labels_like(kind, like)

    async def _labels_like(self, kind: LabelKind, like: str) -> list[tuple[int, int]]:
        operator = "LIKE" if self._database.is_sqlite else "ILIKE"
        rows = await self._session.rows(
            f"SELECT id, tasks FROM {self._database.prefix}labels "
            f"WHERE kind = ? AND text {operator} ? ESCAPE '!'",
            [int(kind), like],
        )
        return [(row[0], row[1]) for row in rows]

    async def _alternatives(self, terms: Sequence[Term], make: Callable[[str], Condition]) -> list[Condition]:
        wanted = [make(str(term.value)) for term in terms if not term.negated]
        found = [
            Condition(f"NOT coalesce({condition.sql}, false)", condition.parameters)
            for condition in (make(str(term.value)) for term in terms if term.negated)
        ]
        if len(wanted) == 1:
            found.append(await self._counted(wanted[0]))
        elif wanted:
            sql = " OR ".join(condition.sql for condition in wanted)
            parameters = [value for condition in wanted for value in condition.parameters]
            found.append(await self._counted(Condition(f"({sql})", parameters, column="")))
        return found

    async def _number(self, term: Term) -> Condition:
        sql = f"{term.field} {term.comparison} ?"
        if term.negated:
            return Condition(f"NOT coalesce({sql}, false)", [term.value])
        if term.field == "retries":
            if term.comparison.startswith(">") and (term.value, term.comparison) != (0.0, ">="):
                condition = Condition(f"(retries > 0 AND {sql})", [int(term.value)], column="retries")
                return await self._counted(condition)
            return Condition(sql, [int(term.value)])
        return await self._counted(Condition(sql, [term.value], column=term.field))

    def _ended(self, term: Term) -> Condition:
        sql = "coalesce(finished, 0) < ?" if term.negated else "finished >= ?"
        return Condition(sql, [self._moment(term)])

    def _moment(self, term: Term) -> float:
        assert isinstance(term.value, float)
        return self._now - term.value if term.comparison == "ago" else term.value

    async def _moments(self, task_filter: TaskFilter) -> list[Condition]:
        sql, parameters = [], []
        for term in task_filter.terms:
            if term.field in ("after", "before"):
                later = (term.field == "after") != term.negated
                sql.append("at >= ?" if later else "at < ?")
                parameters.append(self._moment(term))
        return [await self._counted(Condition(" AND ".join(sql), parameters, column="at"))] if sql else []

    async def _counted(self, condition: Condition) -> Condition:
        """The condition with its estimate, counted up to a little more than NARROW."""
        rows = await self._session.rows(
            f"SELECT count(*) FROM (SELECT 1 FROM {self._table} WHERE {condition.sql} "
            f"LIMIT {NARROW + 1}) AS counted",
            condition.parameters,
        )
        number = rows[0][0]
        return condition._replace(estimate=number if number <= NARROW else None)


def _either(named: Condition, found: Condition) -> Condition:
    """Tasks that meet one condition or both. Both have an index if few tasks meet them."""
    sql, parameters = f"({named.sql} OR ({found.sql}))", [*named.parameters, *found.parameters]
    if found.estimate is None:
        return Condition(sql, parameters)
    most = (named.estimate or 0) + found.estimate
    if most <= NARROW:
        return Condition(sql, parameters, most, column="", exact=False)
    others = f"NOT coalesce({named.sql}, false)"
    rest = found._replace(
        sql=f"({found.sql}) AND {others}", parameters=[*found.parameters, *named.parameters], exact=False
    )
    return Condition(sql, parameters, either=(named, rest))


def _identity(value: str) -> Condition:
    if value.endswith("*"):
        start = value[:-1]
        return Condition(
            "(execution_id >= ? AND execution_id < ?)", [start, start + "\U0010ffff"], column="execution_id"
        )
    return Condition("execution_id = ?", [value], column="execution_id")


def _root(value: str) -> Condition:
    return Condition("(root_id = ? OR execution_id = ?)", [value, value], column="")


def _parent(value: str) -> Condition:
    return Condition("parent_id = ?", [value], column="parent_id")


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))
