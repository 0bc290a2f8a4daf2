"""A filter as a function of one task, which agrees with what the database finds. Pure.

The two databases compare texts in their own ways: ``Folding`` says how.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from celery_monitor.history.filters.fields import ALTERNATIVE_FIELDS, FIELDS, Kind
from celery_monitor.history.filters.terms import TaskFilter, Term
from celery_monitor.records.tasks import TaskRecord

_COMPARISONS = MappingProxyType({">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le})
_MOMENTS = frozenset(field.name for field in FIELDS.values() if field.kind is Kind.MOMENT)
_IDENTITIES: Mapping[str, Callable[[TaskRecord], tuple[str | None, ...]]] = MappingProxyType(
    {
        "id": lambda record: (record.id,),
        "root": lambda record: (record.root_id, record.id),
        "parent": lambda record: (record.parent_id,),
        "twice": lambda record: ("yes" if record.run_twice else "no",),
    }
)
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_TEXTS = ("args", "kwargs", "exception", "result")


class StoredTask(NamedTuple):
    """A task as its row in the database has it.

    ``wait``: seconds that it waited to be started. ``error``: the type of its error, and in a second line the
    place that raised it; None without an error.
    """

    record: TaskRecord
    wait: float | None
    error: str | None


class Folding(msgspec.Struct, frozen=True):
    """How a database compares texts.

    ``all_letters``: upper and lower case are equal for all letters, not for those of ASCII alone.
    ``all_words``: letters and digits of every script are parts of words, not those of ASCII alone.
    """

    all_letters: bool = False
    all_words: bool = False

    def folded(self, text: str) -> str:
        """The text in lower case, as far as the database does not distinguish."""
        if text.isascii():
            return text.lower()
        if not self.all_letters:
            return text.translate(_ASCII_LOWER)
        return "".join(lower if len(lower := sign.lower()) == 1 else sign for sign in text)

    @property
    def edge(self) -> str:
        """What stands before and after a whole value, as a regular expression."""
        return r"[^\w]" if self.all_words else "[^0-9A-Za-z_]"


_OF_LABELS = Folding()
"""Names, states, workers, queues and errors: every database compares them in the same way."""

Matcher = Callable[[StoredTask, float], bool]
"""Whether a task meets the filter at a time (Unix time in seconds)."""

_Check = Callable[[StoredTask], bool]


def matcher(task_filter: TaskFilter, folding: Folding) -> Matcher:
    """The filter as a function."""
    checks: list[_Check] = []
    for field in ALTERNATIVE_FIELDS:
        wanted = [_check(term, folding) for term in task_filter.of(field) if not term.negated]
        if wanted:
            checks.append(_any(wanted))
    for term in task_filter.terms:
        if term.field in _MOMENTS or (term.field in ALTERNATIVE_FIELDS and not term.negated):
            continue
        check = _check(term, folding)
        checks.append(_not(check) if term.negated else check)
    moments = [term for term in task_filter.terms if term.field in _MOMENTS]

    def matches(task: StoredTask, now: float) -> bool:
        return all(_in_time(term, task.record, now) for term in moments) and all(
            check(task) for check in checks
        )

    return matches


def depends_on_time(task_filter: TaskFilter) -> bool:
    """Whether a task can begin or cease to meet the filter although nothing happens to it."""
    return any(term.comparison == "ago" for term in task_filter.terms)


def _any(checks: Sequence[_Check]) -> _Check:
    if len(checks) == 1:
        return checks[0]
    return lambda task: any(check(task) for check in checks)


def _not(check: _Check) -> _Check:
    return lambda task: not check(task)


def _in_time(term: Term, record: TaskRecord, now: float) -> bool:
    assert not isinstance(term.value, str)
    moment = now - term.value if term.comparison == "ago" else term.value
    if term.field == "ended":
        return (record.finished is not None and record.finished >= moment) != term.negated
    at = record.at or 0.0
    later = (term.field == "after") != term.negated
    return (at >= moment) == later


def _check(term: Term, folding: Folding) -> _Check:
    """The term without its negation."""
    if not isinstance(term.value, str):
        return _number(term.field, _COMPARISONS[term.comparison], term.value)
    if term.field in _IDENTITIES:
        return _identity(term.field, term.value)
    if term.field == "result":
        return _contained(("result",), term.value, folding)
    if term.field == "text":
        in_name = _contained(("name",), term.value, _OF_LABELS)
        return _any([in_name, _contained(_TEXTS, term.value, folding)])
    if term.field == "arg":
        return _argument(term.value, folding)
    return _label(term.field, term.value)


def _identity(field: str, value: str) -> _Check:
    if field == "id" and value.endswith("*"):
        start = value[:-1]
        return lambda task: task.record.id.startswith(start)
    values_of = _IDENTITIES[field]
    return lambda task: value in values_of(task.record)


def _label(field: str, pattern: str) -> _Check:
    parts = [re.escape(part) for part in _OF_LABELS.folded(pattern).split("*")]
    parts[0] = rf"\A{parts[0]}"
    parts[-1] += r"\Z"
    contains = _in_order(parts)

    def matches(task: StoredTask) -> bool:
        text = task.error if field == "error" else getattr(task.record, field)
        if not text:
            return False
        if field == "error":
            text = text.partition("\n")[0]
        return contains(_OF_LABELS.folded(text))

    return matches


def _in_order(parts: Sequence[str]) -> Callable[[str], bool]:
    """Whether a text has these parts (regular expressions), one after the other with anything in between.

    The first place of each part is as good as any other. One expression for all parts would try every place
    of each, which takes exponential time.
    """
    expressions = [re.compile(part) for part in parts]

    def contains(text: str) -> bool:
        at = 0
        for expression in expressions:
            found = expression.search(text, at)
            if found is None:
                return False
            at = found.end()
        return True

    return contains


def _contained(fields: Sequence[str], value: str, folding: Folding) -> _Check:
    folded = folding.folded(value)

    def matches(task: StoredTask) -> bool:
        texts = (getattr(task.record, field) for field in fields)
        return any(folded in folding.folded(text) for text in texts if text)

    return matches


def _argument(value: str, folding: Folding) -> _Check:
    parts = [re.escape(part) for part in value.split("*")]
    if not value.startswith("*"):
        parts[0] = folding.edge + parts[0]
    if not value.endswith("*"):
        parts[-1] += folding.edge
    contains = _in_order(parts)

    def matches(task: StoredTask) -> bool:
        return contains(f" {task.record.args or ''} {task.record.kwargs or ''} ")

    return matches


def _number(field: str, compare: Callable[[float, float], bool], value: float) -> _Check:
    def matches(task: StoredTask) -> bool:
        found = task.wait if field == "wait" else getattr(task.record, field)
        return found is not None and compare(found, value)

    return matches
