"""From text to a filter."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from celery_monitor.history.filters.errors import FilterError
from celery_monitor.history.filters.fields import FIELDS, Kind
from celery_monitor.history.filters.terms import TaskFilter, Term
from celery_monitor.history.filters.times import is_duration, parse_duration, parse_moment

MOST_CHARACTERS = 2_000
MOST_TERMS = 40
MOST_VALUE_CHARACTERS = 300
MOST_CHARACTERS_NOT_INDEXED = 2

_FIELD = re.compile(r"([A-Za-z_]+):")
_COMPARISON = re.compile(r"(>=|<=|>|<)?(.*)", re.DOTALL)
_STATE = re.compile(r"[A-Za-z0-9_*-]{1,50}")
_OFTEN_MEANT = {
    "failed": "failure",
    "error": "failure",
    "succeeded": "success",
    "successful": "success",
    "done": "success",
    "running": "started",
    "active": "started",
    "retried": "retry",
    "retrying": "retry",
    "canceled": "revoked",
    "cancelled": "revoked",
    "waiting": "pending",
    "queued": "pending",
}


class Word(NamedTuple):
    """One term as it is written, between two indexes. ``field`` is empty for bare text.

    ``problem``: why it is no term, or not yet.
    """

    position: int
    end: int
    negated: bool = False
    field: str = ""
    value: str = ""
    problem: FilterError | None = None


def parse_filter(text: str) -> TaskFilter:
    """The filter that ``text`` describes. Raises FilterError, and nothing else."""
    if len(text) > MOST_CHARACTERS:
        raise FilterError(f"The filter is too long: write at most {MOST_CHARACTERS} characters")
    terms: list[Term] = []
    for word in words(text):
        if word.problem is not None:
            raise word.problem
        if len(terms) == MOST_TERMS:
            raise FilterError(f"The filter has too many terms: write at most {MOST_TERMS}", word.position)
        term = term_of(word.field or "text", word.value, word.position, negated=word.negated)
        if term not in terms:
            terms.append(term)
    return TaskFilter(tuple(terms))


def term_of(name: str, value: str, position: int | None = None, *, negated: bool = False) -> Term:
    """One term of a field and its value as written after the colon. Raises FilterError."""
    field = FIELDS.get(name)
    if field is None:
        raise FilterError(
            f"The field '{name[:40]}' is unknown: write one of {', '.join(FIELDS)}, "
            "or put the text in quotes",
            position,
        )
    if not value or len(value) > MOST_VALUE_CHARACTERS or not value.isprintable():
        raise FilterError(
            f"Write a value of 1 to {MOST_VALUE_CHARACTERS} printable characters after '{name}:', "
            f"such as {field.example}",
            position,
        )
    if field.kind in (Kind.PATTERN, Kind.TEXT):
        return Term(field=name, value=_text(name, value, position), negated=negated)
    if field.kind is Kind.YES_NO:
        if value.lower() not in field.values:
            raise FilterError(f"Write {name}:yes or {name}:no", position)
        return Term(field=name, value=value.lower(), negated=negated)
    if field.kind is Kind.MOMENT:
        if is_duration(value):
            return Term(field=name, value=parse_duration(value), comparison="ago", negated=negated)
        return Term(field=name, value=parse_moment(value, position), negated=negated)
    return _compared(name, field.kind, value, position, negated)


def _text(name: str, value: str, position: int | None) -> str:
    if name == "state":
        meant = _OFTEN_MEANT.get(value.lower())
        if meant:
            raise FilterError(f"'{value}' is not a state of Celery: write state:{meant}", position)
        if not _STATE.fullmatch(value):
            raise FilterError("Write the name of a state, such as state:failure", position)
        return value.upper()
    if name in ("text", "result") and len(value) < MOST_CHARACTERS_NOT_INDEXED + 1:
        raise FilterError(
            f"Write at least 3 characters to search for text, or arg:{value} for a whole argument", position
        )
    if name == "id" and "*" in value[:-1]:
        raise FilterError("An id may be left open at its end only: write id:5f2c*", position)
    return value


def _compared(name: str, kind: Kind, value: str, position: int | None, negated: bool) -> Term:
    match = _COMPARISON.fullmatch(value)
    comparison, rest = (match[1], match[2].strip()) if match else (None, "")
    if not comparison:
        raise FilterError(f"Write a comparison after '{name}:', such as {FIELDS[name].example}", position)
    if kind is Kind.DURATION:
        number = parse_duration(rest, position)
    else:
        if not re.fullmatch(r"[0-9]{1,6}", rest):
            raise FilterError(f"Write a whole number, such as {FIELDS[name].example}", position)
        number = float(rest)
    return Term(field=name, value=number, comparison=comparison, negated=negated)


def words(text: str) -> Iterator[Word]:
    """The terms as they are written, also those that are not finished."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        start = at
        negated = text[at] == "-"
        at += negated
        match = _FIELD.match(text, at)
        name = match[1].lower() if match else ""
        at = match.end() if match else at
        value, at, problem = _value(text, at)
        if not value and not name and problem is None:
            problem = FilterError("Write a term after '-', such as -state:success", start)
        yield Word(start, at, negated, name, value, problem)


def _value(text: str, at: int) -> tuple[str, int, FilterError | None]:
    """The value that begins at this index, the index after it, and why it is none, or not yet."""
    start = at
    if text[at : at + 1] != '"':
        while at < len(text) and not text[at].isspace():
            at += 1
        return text[start:at], at, None
    characters = []
    at += 1
    while at < len(text) and text[at] != '"':
        at += text[at] == "\\" and at + 1 < len(text)
        characters.append(text[at])
        at += 1
    value = "".join(characters)
    if at >= len(text):
        return value, at, FilterError('The quotes are not closed: write " at the end of the value', start)
    if at + 1 < len(text) and not text[at + 1].isspace():
        return value, at + 1, FilterError("Write a space after the closing quotes", at + 1)
    return value, at + 1, None
