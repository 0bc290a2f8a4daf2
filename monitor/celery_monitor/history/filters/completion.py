"""What the term that is being written at the end of a filter can become."""

from collections.abc import Sequence
from typing import NamedTuple

from celery_monitor.history.filters.fields import FIELDS, quoted
from celery_monitor.history.filters.parsing import Word, words

MOST_COMPLETIONS = 50


class Completion(NamedTuple):
    """``term``: what the last term can become. ``text``: the whole filter with it, ready for the next key."""

    term: str
    text: str


def completed_field(text: str) -> str:
    """The field whose values in the history can complete the last term of ``text``; empty without one."""
    field = FIELDS.get(_last(text).field)
    return field.name if field is not None and field.label else ""


def completions(text: str, values: Sequence[str]) -> list[Completion]:
    """What the last term of ``text`` can become, best first. It is not offered what it is already.

    ``values``: those of ``completed_field`` that occur in the history, such as names of tasks.
    """
    last = _last(text)
    if last.position and not text[last.position - 1].isspace():
        return []  # a space is missing after closing quotes
    before, sign = text[: last.position], "-" if last.negated else ""
    terms = [f"{sign}{term}" for term in (_of_field(last, values) if last.field else _fields(text, last))]
    return [
        Completion(term, f"{before}{term}" if term.endswith(":") else f"{before}{term} ")
        for term in terms
        if before + term != text
    ]


def _last(text: str) -> Word:
    """The last term, also while its quotes are open; an empty one where the next one begins."""
    last = [Word(0, 0), *words(text)][-1]
    return last if last.end == len(text) else Word(len(text), len(text))


def _fields(text: str, last: Word) -> list[str]:
    if '"' in text[last.position : last.end]:
        return []
    return [f"{name}:" for name in FIELDS if name.startswith(last.value.lower())]


def _of_field(last: Word, values: Sequence[str]) -> list[str]:
    field = FIELDS.get(last.field)
    if field is None:
        return []
    known = list(dict.fromkeys([*field.values, *values]))
    start = last.value.lower()
    begin = [value for value in known if value.lower().startswith(start)]
    inside = [value for value in known if start in value.lower() and value not in begin]
    return [f"{field.name}:{quoted(value)}" for value in [*begin, *inside][:MOST_COMPLETIONS]]
