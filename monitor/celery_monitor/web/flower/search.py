"""Flower's parameters of a list of tasks, as a filter of the history."""

import shlex
import time
from collections.abc import Iterator

from celery_monitor.history.filters.errors import FilterError
from celery_monitor.history.filters.parsing import MOST_CHARACTERS_NOT_INDEXED, term_of
from celery_monitor.history.filters.terms import TaskFilter, Term

_DATE = "%Y-%m-%d %H:%M"
# Flower searches for a part of these, the history for a pattern.
_PARTS = frozenset({"name", "worker", "arg"})
_FIELDS = {
    "state": "state",
    "result": "result",
    "args": "arg",
    "kwargs": "arg",
    "name": "name",
    "worker": "worker",
}
_ALL = "All"


class SearchError(ValueError):
    """The search cannot be read. The message says what to write instead."""


def parse_search(text: str) -> TaskFilter:
    """The filter of Flower's search: terms that all have to hold, as ``name:mail state:FAILURE "a text"``.

    Raises:
        SearchError: it has OR, brackets or a negation, or a term cannot be read.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise SearchError(f"The search cannot be read: {error}.") from None
    try:
        return TaskFilter(tuple(dict.fromkeys(_terms(words))))
    except FilterError as error:
        raise SearchError(f"{error}.") from None


def _terms(words: list[str]) -> Iterator[Term]:
    for word in words:
        if word == "AND":
            continue
        if word in {"OR", "NOT"} or word.startswith(("(", "-")) or word.endswith(")"):
            raise SearchError(
                f"{word!r} is not supported here: use /api/automation/monitoring/tasks, or write terms that "
                "all have to hold."
            )
        name, colon, value = word.partition(":")
        field = _FIELDS.get(name.casefold()) if colon else None
        if field is None:
            yield term_of("text", word)
        elif field in _PARTS:
            part = value.strip("*")
            if field == "arg" and len(part) <= MOST_CHARACTERS_NOT_INDEXED:
                raise SearchError(f"Write at least 3 characters after {name}: in {word!r}.")
            yield term_of(field, f"*{part}*")
        else:
            yield term_of(field, value)


def parse_moment(text: str) -> float:
    """Unix time of a local date and minute.

    Raises:
        ValueError: it is not written like that.
    """
    return time.mktime(time.strptime(text, _DATE))


def list_filter(
    *, worker: str | None, name: str | None, state: str | None, since: str | None, until: str | None
) -> TaskFilter:
    """The filter of the parameters besides the search. ``All`` is no filter.

    Raises:
        ValueError: a date is not written as Flower writes it.
        FilterError: a value cannot be used.
    """
    exact = (("worker", worker), ("name", name), ("state", state))
    terms = [term_of(field, value) for field, value in exact if value and value != _ALL]
    for field, moment in (("after", since), ("before", until)):
        if moment:
            terms.append(Term(field=field, value=parse_moment(moment)))
    return TaskFilter(tuple(terms))
