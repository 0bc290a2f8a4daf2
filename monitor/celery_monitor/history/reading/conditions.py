"""The terms of a filter as SQL conditions, with an estimate of how many tasks meet each one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.filters import TaskFilter, Term
from celery_monitor.history.reading import texts
from celery_monitor.history.reading.condition import NARROW, NOTHING, Condition
from celery_monitor.history.rows.labels import LabelKind

_LABELS = {
    "state": (LabelKind.STATE, "state_id"),
    "name": (LabelKind.NAME, "name_id"),
    "worker": (LabelKind.WORKER, "worker_id"),
    "queue": (LabelKind.QUEUE, "queue_id"),
    "error": (LabelKind.ERROR, "error_id"),
}
_MOST_LABELS = 5_000


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
        for field in _LABELS:
            found += await self._labels(field, task_filter.of(field))
        for field, make in (("id", _identity), ("root", _root), ("parent", _parent)):
            found += await self._alternatives(task_filter.of(field), make)
        for term in task_filter.terms:
            if term.field in ("runtime", "wait", "retries"):
                found.append(await self._number(term))
            elif term.field in ("arg", "text", "result"):
                found.append(await texts.condition(self._database, self._session, term))
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
        kind, column = _LABELS[field]
        found = []
        wanted = [term for term in terms if not term.negated]
        if wanted:
            labels = [label for term in wanted for label in await self._matching(kind, str(term.value))]
            ids = sorted({number for number, _ in labels})
            count = sum(dict(labels).values())
            found.append(
                Condition(f"{column} IN ({_marks(ids)})", ids, count, column, single=len(ids) == 1)
                if ids
                else NOTHING
            )
        for term in terms:
            if term.negated:
                excluded = await self._matching(kind, str(term.value))
                if excluded:
                    found.append(await self._without(kind, column, dict(excluded)))
        return found

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
            ids = sorted(excluded)
            return Condition(f"coalesce({column}, 0) NOT IN ({_marks(ids)})", ids)
        named = f"{column} IN ({_marks(others)})" if others else "1 = 0"
        if labeled == every:
            return Condition(named, others, count, column if others else "")
        return Condition(f"({named} OR {column} IS NULL)", others, count, "")

    async def _matching(self, kind: LabelKind, pattern: str) -> list[tuple[int, int]]:
        """The numbers of the labels that match, with the number of their tasks."""
        like = texts.like(pattern, wildcard=True)
        if kind is LabelKind.ERROR:
            # The type of the error, then the line that raised it.
            like += "\n%"
        operator = "LIKE" if self._database.is_sqlite else "ILIKE"
        rows = await self._session.rows(
            f"SELECT id, tasks FROM {self._database.prefix}labels "
            f"WHERE kind = ? AND text {operator} ? ESCAPE '!' LIMIT {_MOST_LABELS}",
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
