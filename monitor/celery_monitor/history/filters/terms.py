"""A filter as data."""

import msgspec

from celery_monitor.history.filters.fields import FIELDS, Kind, quoted
from celery_monitor.history.filters.times import duration_text, moment_text


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One condition on one field.

    ``value``: the text or pattern; for durations seconds, for numbers the number, for moments Unix time or,
    with the comparison ``ago``, seconds before now. ``comparison``: ``>``, ``>=``, ``<``, ``<=``, ``ago``,
    or empty. ``yes`` and ``no`` are the text of a field that takes them.
    """

    field: str
    value: str | float
    comparison: str = ""
    negated: bool = False

    def __str__(self) -> str:
        sign = "-" if self.negated else ""
        if isinstance(self.value, str):
            text = quoted(self.value)
        else:
            text = self.comparison.removesuffix("ago") + _number(self)
        return f"{sign}{self.field}:{text}"


class TaskFilter(msgspec.Struct, frozen=True):
    """Conditions that all have to hold. An empty filter holds for every task.

    Several terms of one of ``ALTERNATIVE_FIELDS`` are alternatives, if they are not negated.
    """

    terms: tuple[Term, ...] = ()

    def __and__(self, other: "TaskFilter") -> "TaskFilter":
        """Both filters' terms."""
        return TaskFilter(self.terms + tuple(term for term in other.terms if term not in self.terms))

    def __str__(self) -> str:
        return " ".join(str(term) for term in self.terms)

    def of(self, field: str) -> tuple[Term, ...]:
        """The terms of one field."""
        return tuple(term for term in self.terms if term.field == field)


def _number(term: Term) -> str:
    assert not isinstance(term.value, str)
    kind = FIELDS[term.field].kind
    if kind is Kind.NUMBER:
        return str(int(term.value))
    if kind is Kind.MOMENT and term.comparison != "ago":
        return moment_text(term.value)
    return duration_text(term.value)
