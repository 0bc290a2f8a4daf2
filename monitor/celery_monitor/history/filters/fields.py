"""The fields of the filter language: what each one takes, and what several terms of one mean."""

import enum
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from celery_monitor.records.states import CELERY_STATES, LOST, UNREPORTED


class Kind(enum.Enum):
    """What a field takes as its value."""

    PATTERN = "text, in which * stands for any characters"
    TEXT = "text"
    DURATION = "a comparison with a time span, such as >30s"
    NUMBER = "a comparison with a number, such as >2"
    MOMENT = "a time, such as 2026-11-29T10:00Z, or a time span before now, such as 2h"
    YES_NO = "yes or no"


class Field(NamedTuple):
    """One field. ``values`` are the values that are known in advance.

    ``alternatives``: of several terms that are not negated, one has to hold. ``label``: the values that occur
    are labels of the history, of the ``LabelKind`` of the same name.
    """

    name: str
    kind: Kind
    meaning: str
    example: str
    values: Sequence[str] = ()
    alternatives: bool = False
    label: bool = False


def _label(name: str, meaning: str, example: str, values: Sequence[str] = ()) -> Field:
    return Field(name, Kind.PATTERN, meaning, example, values, alternatives=True, label=True)


def _identity(name: str, kind: Kind, meaning: str, example: str) -> Field:
    return Field(name, kind, meaning, example, alternatives=True)


_ALL = (
    _label(
        "state",
        "The state of the task; custom states too.",
        "state:failure",
        tuple(state.lower() for state in (*CELERY_STATES, LOST, UNREPORTED)),
    ),
    _label("name", "The name of the task.", "name:shop.*"),
    _label("worker", "The worker of the last run.", "worker:celery@web-*"),
    _label("queue", "The queue that the task was sent to.", "queue:mail"),
    _label("error", "The type of the last error.", "error:KeyError"),
    _identity("id", Kind.PATTERN, "The id of the task. Only the end may be left open.", "id:5f2c*"),
    _identity("root", Kind.TEXT, "The id of the first task of the workflow.", "root:5f2c9d1e"),
    _identity("parent", Kind.TEXT, "The id of the task that sent the task.", "parent:5f2c9d1e"),
    Field("arg", Kind.TEXT, "A whole value in the arguments: 42 does not find 421.", "arg:42"),
    Field("result", Kind.TEXT, "Text in the result.", "result:timeout"),
    Field(
        "text",
        Kind.TEXT,
        "Text in name, arguments, error or result. The field's name may be left out.",
        "text:timeout",
    ),
    Field("runtime", Kind.DURATION, "How long the last run took.", "runtime:>30s"),
    Field("wait", Kind.DURATION, "How long the task waited to be started.", "wait:>5s"),
    Field("retries", Kind.NUMBER, "How many retries there were.", "retries:>2"),
    Field("after", Kind.MOMENT, "The task was sent, or first seen, at this time or later.", "after:2h"),
    Field("before", Kind.MOMENT, "The task was sent, or first seen, before this time.", "before:2026-11-29"),
    Field("ended", Kind.MOMENT, "The task ended at this time or later.", "ended:10m"),
    Field("twice", Kind.YES_NO, "Whether the task ran twice.", "twice:yes", ("yes", "no")),
)

FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})
LABEL_FIELDS = tuple(field.name for field in _ALL if field.label)
ALTERNATIVE_FIELDS = tuple(field.name for field in _ALL if field.alternatives)


def quoted(value: str) -> str:
    """The value as it is written in a filter: in quotes if it has a space or another special character."""
    if value and not value.startswith("-") and not any(sign.isspace() or sign in '":\\' for sign in value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
