"""The arguments of a task that has ended, as values that can be sent again.

An event shows arguments as text, which is shortened, and which the sender can replace. So they are rebuilt
only where the text is whole and has plain values. Nothing is evaluated but literals of Python.
"""

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from celery_health.masking import MASK

MAX_TEXT = 8192
"""A longer text is not read."""
_CUT = "..."
"""Stands where Celery, or the monitor, left something out."""
_MAX_DEPTH = 30
_INSTEAD = (
    "Give args and kwargs yourself. With result_extended = True in the application, its result backend keeps "
    "the arguments of later tasks."
)


class UnknownArgumentsError(Exception):
    """The arguments are not known. The message says why, and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} {_INSTEAD}")


@dataclass(frozen=True, slots=True)
class Arguments:
    """Values that JSON can express."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]


def arguments_of_texts(args: str | None, kwargs: str | None, *, truncated: bool) -> Arguments:
    """The arguments that an event of the task shows.

    Raises:
        UnknownArgumentsError: something is missing in the texts, or they show more than plain values.
    """
    if args is None or kwargs is None:
        raise UnknownArgumentsError("No event showed the arguments of the task.")
    if truncated or _CUT in args or _CUT in kwargs:
        raise UnknownArgumentsError("The events of the task show its arguments shortened.")
    if MASK in args or MASK in kwargs:
        raise UnknownArgumentsError("The arguments of the task contain secrets, which are not kept.")
    # Celery does not escape backslashes: the text of a path can mean another path.
    if "\\" in args or "\\" in kwargs:
        raise UnknownArgumentsError(
            "The events of the task show a quote or a backslash in its arguments ambiguously."
        )
    positional, keywords = _literal(args), _literal(kwargs)
    if not isinstance(positional, list | tuple) or not _is_keywords(keywords):
        raise UnknownArgumentsError("The events of the task do not show its arguments as values.")
    return arguments_of_values(positional, keywords)


def arguments_of_values(args: object, kwargs: object) -> Arguments:
    """The arguments that a result backend keeps.

    Raises:
        UnknownArgumentsError: they are none that JSON can express.
    """
    if not isinstance(args, list | tuple) or not isinstance(kwargs, dict) or not _is_keywords(kwargs):
        raise UnknownArgumentsError("The result backend keeps no arguments of the task.")
    if not (_is_plain(args) and _is_plain(kwargs)):
        raise UnknownArgumentsError(
            "The arguments of the task are not plain values, so they cannot be sent as JSON."
        )
    return Arguments(args, kwargs)


def _literal(text: str) -> Any:
    if len(text) > MAX_TEXT:
        raise UnknownArgumentsError("The events of the task show its arguments shortened.")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise UnknownArgumentsError("The arguments of the task are not plain values.") from None


def _is_keywords(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) for name in value)


def _is_plain(value: object, levels: int = _MAX_DEPTH) -> bool:
    """Whether JSON has the value as it is. JSON has no other keys than texts, and no tuples inside."""
    if value is None or isinstance(value, bool | int | str):
        return True
    if isinstance(value, float):
        return json.dumps(value) not in {"NaN", "Infinity", "-Infinity"}
    if not levels:
        return False
    if isinstance(value, list | tuple):
        return all(_is_plain(one, levels - 1) for one in value)
    if isinstance(value, dict):
        return _is_keywords(value) and all(_is_plain(one, levels - 1) for one in value.values())
    return False
